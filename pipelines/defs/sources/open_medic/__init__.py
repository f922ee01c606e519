"""Open Medic: what the French health insurance reimbursed in a year, by who got it."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="open_medic",
    title="Open Medic",
    publisher="CNAM",
    agency="ANSM",
    domain="human",
    licence="Licence Ouverte 2.0",
    cadence=Days(366, "yearly"),
    grain="packs of one code by age, sex, region and speciality; patients of one code",
    lag=Days(184, "about six months after the year"),
    traps=(
        "Numbers of patients (NB files) do not add up over packs, classes, ages or regions: never sum them",
        "Columns drift: labels are absent in some years, `age` is `AGE` in others",
        "Past a quota the site sends an HTML page under the name of an archive",
        "Region 0 or 99, age 99 and sex 9 are not known; quantities can be 0",
        "167 CIP13 belong to several CIS, 70 to none",
    ),
    homepage="https://www.data.gouv.fr/datasets/open-medic-base-complete-sur-les-depenses-de-medicaments-interregimes",
)
