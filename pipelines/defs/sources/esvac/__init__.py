"""ESVAC and ASU: veterinary antimicrobials sold and used in Europe, and the doses they are counted in."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="esvac",
    title="ESVAC and ASU",
    publisher="EMA",
    agency="ANSES",
    domain="veterinary",
    licence="EMA, acknowledgement; copies CC0 and CC BY 4.0 (Our World in Data)",
    cadence=Days(366, "yearly"),
    grain="a country and year; since 2023 also a species and ATCvet code",
    lag=Days(366, "about a year"),
    traps=(
        "ESVAC ends with 2022; ASU counts use by species over other denominators: never chain them without a break",
        "Copies hold a pseudo-country `Total`, and names padded with blanks from 2019 on",
        "Country-years are missing; a few values of 2010 are modelled",
        "The layout of ASU exports is assumed from Regulation (EU) 2021/578",
    ),
    homepage="https://www.ema.europa.eu/en/veterinary-regulatory-overview/antimicrobial-resistance-veterinary-medicine",
)
