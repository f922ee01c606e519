"""Veterinary brands that no register at hand holds: brand to INN, from the European public assessment reports (EPAR).

Only brands of products authorised centrally in the Union; names of products and substances are facts, published by the
European Medicines Agency. A product register that holds the brand wins over this list.
"""

VETERINARY_BRANDS = {
    "LIBRELA": "BEDINVETMAB",
    "SOLENSIA": "FRUNEVETMAB",
    "CYTOPOINT": "LOKIVETMAB",
    "APOQUEL": "OCLACITINIB",
    "METACAM": "MELOXICAM",
    "MELOXORAL": "MELOXICAM",
    "LOXICOM": "MELOXICAM",
    "MELOXIDYL": "MELOXICAM",
    "INFLACAM": "MELOXICAM",
    "RHEUMOCAM": "MELOXICAM",
    "PREVICOX": "FIROCOXIB",
    "ONSIOR": "ROBENACOXIB",
    "GALLIPRANT": "GRAPIPRANT",
    "TROCOXIL": "MAVACOXIB",
    "CIMALGEX": "CIMICOXIB",
    "DAXOCOX": "ENFLICOXIB",
    "BRAVECTO": "FLURALANER",
    "NEXGARD": "AFOXOLANER",
    "SIMPARICA": "SAROLANER",
    "CREDELIO": "LOTILANER",
    "STRONGHOLD": "SELAMECTIN",
    "BROADLINE": "FIPRONIL",
    "CERENIA": "MAROPITANT",
    "PREVOMAX": "MAROPITANT",
    "SEMINTRA": "TELMISARTAN",
    "FORTEKOR": "BENAZEPRIL",
    "CONVENIA": "CEFOVECIN",
    "INCURIN": "ESTRIOL",
    "PROZINC": "INSULIN HUMAN",
    "SILEO": "DEXMEDETOMIDINE",
    "DEXDOMITOR": "DEXMEDETOMIDINE",
    "MASIVET": "MASITINIB",
    "PALLADIA": "TOCERANIB",
    "SENVELGO": "VELAGLIFLOZIN",
    "FELIMAZOLE": "THIAMAZOLE",
    "BONQAT": "PREGABALIN",
}
