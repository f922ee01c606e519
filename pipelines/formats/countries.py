"""Names of European countries in English, as the agencies spell them, to ISO 3166 alpha-2."""

NAMES = {
    **{"AT": "austria", "BE": "belgium", "BG": "bulgaria", "CH": "switzerland", "CY": "cyprus", "CZ": "czech republic"},
    **{"DE": "germany", "DK": "denmark", "EE": "estonia", "ES": "spain", "FI": "finland", "FR": "france"},
    **{"GB": "united kingdom", "GR": "greece", "HR": "croatia", "HU": "hungary", "IE": "ireland", "IS": "iceland"},
    **{"IT": "italy", "LT": "lithuania", "LU": "luxembourg", "LV": "latvia", "MT": "malta", "NL": "netherlands"},
    **{"NO": "norway", "PL": "poland", "PT": "portugal", "RO": "romania", "SE": "sweden", "SI": "slovenia"},
    **{"SK": "slovakia", "LI": "liechtenstein"},
}
CODES = {name: code for code, name in NAMES.items()} | {"czechia": "CZ"}
