"""Antimicrobials reserved to people: Commission Implementing Regulation (EU) 2022/1255, annex.

Groups are told by ATC prefixes, single substances by their codes; a code of animals (Q before it) counts alike.
"""

RESERVED = {
    "carboxypenicillins": ("J01CA03", "J01CA13", "J01CR03"),
    "ureidopenicillins": ("J01CA09", "J01CA10", "J01CA12", "J01CR05"),
    "ceftobiprole, ceftaroline": ("J01DI01", "J01DI02"),
    "cephalosporins with inhibitors of beta-lactamase": ("J01DI54", "J01DD52"),
    "siderophore cephalosporins": ("J01DI04",),
    "carbapenems": ("J01DH",),
    "penems": ("J01DI03",),
    "monobactams": ("J01DF",),
    "phosphonic acid derivatives": ("J01XX01",),
    "glycopeptides": ("J01XA",),
    "lipopeptides": ("J01XX09",),
    "oxazolidinones": ("J01XX08", "J01XX11"),
    "fidaxomicin": ("A07AA12",),
    "plazomicin": ("J01GB14",),
    "glycylcyclines": ("J01AA12",),
    "eravacycline, omadacycline": ("J01AA13", "J01AA15"),
    "antivirals": (
        *("N04BB01", "J05AC02", "J05AX25", "J05AX27", "J05AA01", "J05AB18", "J05AH01", "J05AH02", "J05AH03"),
        *("J05AP01", "J05AX13"),
    ),
    "nitazoxanide": ("P01AX11",),
}
