"""Classes that acts name in place of their members, by the groups of ATC that hold these.

Which group a class of medicines stands in is a fact; members are the substances of the lake with a code of the group.
"""

CLASSES = {
    "ACE INHIBITORS": ("C09A", "C09B"),
    "ANGIOTENSIN II RECEPTOR ANTAGONISTS": ("C09C", "C09D"),
    "BETA BLOCKING AGENTS": ("C07",),
    "BISPHOSPHONATES": ("M05BA", "M05BB"),
    "CEPHALOSPORINS": ("J01DB", "J01DC", "J01DD", "J01DE"),
    "CORTICOSTEROIDS FOR SYSTEMIC USE": ("H02",),
    "DIRECT ORAL ANTICOAGULANTS": ("B01AE", "B01AF"),
    "DPP-4 INHIBITORS": ("A10BH",),
    "FLUOROQUINOLONES": ("J01MA",),
    "GLP-1 RECEPTOR AGONISTS": ("A10BJ",),
    "MACROLIDES": ("J01FA",),
    "NON-STEROIDAL ANTI-INFLAMMATORY DRUGS": ("M01A",),
    "OPIOIDS": ("N02A",),
    "PENICILLINS": ("J01C",),
    "PROGESTOGENS": ("G03AC", "G03D"),
    "PROTON PUMP INHIBITORS": ("A02BC",),
    "SELECTIVE SEROTONIN REUPTAKE INHIBITORS": ("N06AB",),
    "SGLT2 INHIBITORS": ("A10BK",),
    "STATINS": ("C10AA",),
    "TETRACYCLINES": ("J01AA",),
}
