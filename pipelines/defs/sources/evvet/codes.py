"""What EVVet writes in words, and the common codes for it. What stands in no list becomes null."""

# VeDDRA's lowest level terms below the high level term "Death", but that of a mortality rate.
DEATH_TERMS = ("death", "death by euthanasia", "found dead", "sudden death", "unexplained death", "unrelated death")

_COUNTRIES = """
AD Andorra; AE United Arab Emirates; AF Afghanistan; AG Antigua and Barbuda; AL Albania; AM Armenia; AO Angola; AR
Argentina; AT Austria; AU Australia; AW Aruba; AZ Azerbaijan; BA Bosnia and Herzegovina; BB Barbados; BD Bangladesh;
BE Belgium; BF Burkina Faso; BG Bulgaria; BH Bahrain; BI Burundi; BJ Benin; BM Bermuda; BN Brunei; BN Brunei
Darussalam; BO Bolivia; BR Brazil; BS Bahamas; BT Bhutan; BW Botswana; BY Belarus; BZ Belize; CA Canada; CD Congo,
Democratic Republic; CF Central African Republic; CG Congo; CH Switzerland; CI Cote d'Ivoire; CI Ivory Coast; CL
Chile; CM Cameroon; CN China; CO Colombia; CR Costa Rica; CU Cuba; CV Cape Verde; CW Curacao; CY Cyprus; CZ Czech
Republic; CZ Czechia; DE Germany; DJ Djibouti; DK Denmark; DM Dominica; DO Dominican Republic; DZ Algeria; EC Ecuador;
EE Estonia; EG Egypt; ER Eritrea; ES Spain; ET Ethiopia; FI Finland; FJ Fiji; FO Faroe Islands; FR France; GA Gabon;
GB United Kingdom; GB United Kingdom (Northern Ireland); GB Great Britain; GB Northern Ireland; GD Grenada; GE
Georgia; GF French Guiana; GG Guernsey; GH Ghana; GI Gibraltar; GL Greenland; GM Gambia; GN Guinea; GP Guadeloupe; GQ
Equatorial Guinea; GR Greece; GT Guatemala; GW Guinea-Bissau; GY Guyana; HK Hong Kong; HN Honduras; HR Croatia; HT
Haiti; HU Hungary; ID Indonesia; IE Ireland; IL Israel; IM Isle of Man; IN India; IQ Iraq; IR Iran; IS Iceland; IT
Italy; JE Jersey; JM Jamaica; JO Jordan; JP Japan; KE Kenya; KG Kyrgyzstan; KH Cambodia; KM Comoros; KR Korea,
Republic of; KR Republic of Korea; KR South Korea; KW Kuwait; KY Cayman Islands; KZ Kazakhstan; LA Laos; LB Lebanon;
LI Liechtenstein; LK Sri Lanka; LR Liberia; LS Lesotho; LT Lithuania; LU Luxembourg; LV Latvia; LY Libya; MA Morocco;
MC Monaco; MD Moldova; MD Moldova, Republic of; ME Montenegro; MG Madagascar; MK Macedonia; MK North Macedonia; ML
Mali; MM Myanmar; MN Mongolia; MO Macao; MQ Martinique; MR Mauritania; MT Malta; MU Mauritius; MV Maldives; MW Malawi;
MX Mexico; MY Malaysia; MZ Mozambique; NA Namibia; NC New Caledonia; NE Niger; NG Nigeria; NI Nicaragua; NL
Netherlands; NO Norway; NP Nepal; NZ New Zealand; OM Oman; PA Panama; PE Peru; PF French Polynesia; PG Papua New
Guinea; PH Philippines; PK Pakistan; PL Poland; PM Saint Pierre and Miquelon; PR Puerto Rico; PS Palestine; PT
Portugal; PY Paraguay; QA Qatar; RE Reunion; RO Romania; RS Serbia; RU Russia; RU Russian Federation; RW Rwanda; SA
Saudi Arabia; SC Seychelles; SD Sudan; SE Sweden; SG Singapore; SI Slovenia; SK Slovakia; SK Slovak Republic; SL
Sierra Leone; SM San Marino; SN Senegal; SR Suriname; SV El Salvador; SY Syria; SZ Eswatini; TD Chad; TG Togo; TH
Thailand; TJ Tajikistan; TM Turkmenistan; TN Tunisia; TR Turkey; TR Turkiye; TT Trinidad and Tobago; TW Taiwan; TZ
Tanzania; UA Ukraine; UG Uganda; US United States; US United States of America; UY Uruguay; UZ Uzbekistan; VA Vatican
City; VE Venezuela; VN Vietnam; VN Viet Nam; XK Kosovo; YE Yemen; YT Mayotte; ZA South Africa; ZM Zambia; ZW Zimbabwe
"""


def _countries() -> dict[str, str]:
    entries = [" ".join(entry.split()) for entry in _COUNTRIES.split(";")]
    return {entry[3:].lower(): entry[:2] for entry in entries}


COUNTRIES = _countries()
