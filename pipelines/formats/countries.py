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
EEA = (
    *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT"),
    *("LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"),
)
"""European Economic Area."""
ALPHA3 = {
    **{"AUT": "AT", "BEL": "BE", "BGR": "BG", "CHE": "CH", "CYP": "CY", "CZE": "CZ", "DEU": "DE", "DNK": "DK"},
    **{"EST": "EE", "ESP": "ES", "FIN": "FI", "FRA": "FR", "GBR": "GB", "GRC": "GR", "HRV": "HR", "HUN": "HU"},
    **{"IRL": "IE", "ISL": "IS", "ITA": "IT", "LTU": "LT", "LUX": "LU", "LVA": "LV", "MLT": "MT", "NLD": "NL"},
    **{"NOR": "NO", "POL": "PL", "PRT": "PT", "ROU": "RO", "SWE": "SE", "SVN": "SI", "SVK": "SK", "LIE": "LI"},
    **{"XKX": "XK", "SRB": "RS", "TUR": "TR", "BIH": "BA", "MKD": "MK", "MNE": "ME", "ALB": "AL", "USA": "US"},
}
"""ISO 3166 alpha-3 to alpha-2, of the countries of European surveillance."""
EUROSTAT = {"EL": "GR", "UK": "GB"}
"""What European statistics write otherwise than ISO 3166."""
