"""The register of files on genetically modified organisms that both agencies share, in a layout of this project."""

from pipelines.core.source import Days, Source

SOURCE = Source(
    name="gmo_register",
    title="Medicines that are or hold genetically modified organisms: files, steps, sites, samples of shedding",
    publisher="ANSM and ANSES (their own files)",
    agency="ANSM",
    domain="human",
    licence="internal to the agencies",
    cadence=Days(31, "Monthly; each file is the whole state of its register"),
    grain="A file; a step of a file; a site of a file; a sample of shedding that is due or was taken",
    lag=Days(31, "Days"),
    traps=(
        "The layout is this project's: no register of B/FR files and no summary notification (SNIF) was found in the "
        "open. From law: the number B/FR/yy/nn, and who decides and who is asked (Decree 2007-359 art. 21, Code de "
        "l'environnement L533-3: ANSM decides for people, ANSES for animals)",
        "General knowledge, to be confirmed: decree 2021-1905, which was not read; that ANSES gives the opinion on a "
        "release; fifteen years of follow-up. Delays that law sets were read in repealed texts alone and are not used",
        "A number is written in several ways: they meet in `gmo_key`",
        "Each agency sees every file, and of the documents its own",
    ),
    homepage="https://ansm.sante.fr",
)
