"""Plants with author and synonyms, and what lists say of drugs made of their parts."""

from pipelines.core.table import Column, Link, Thing, Versioned


class Plant(Versioned):
    """One species as a list of plants prints it: one plant, whatever part of it is taken and whatever it is sold as."""

    layer, name, owner = "silver", "plant", "product-register"
    key = ("source", "plant", "valid_from")
    thing = Thing("plant", ("plant",), "plant")

    plant = Column("string", "Genus and species; x of a hybrid", required=True)
    genus = Column("string", "Genus", required=True)
    author = Column("string", "Author of the name; null where none is printed")
    variety = Column("string", "Subspecies or variety, where one is printed")
    synonyms = Column("array<string>", "Other names that the list gives it", required=True)
    substance_key = Column(
        "string",
        "Key of `silver.substance` of its name",
        link=Link("named as", "substance", basis="by_name"),
    )


class PlantProduct(Versioned):
    """One herbal drug of a list, of one plant: its part, and how far its assessment came.

    A drug of several species has a row each. A combination names its plants and is none of them: what is said of it is
    not said of its parts. Where no species can be read, `plant` is `none` and `printed_plant` says what stands there.
    """

    layer, name, owner = "silver", "plant_product", "product-register"
    key = ("source", "product_key", "plant", "valid_from")
    thing = Thing("herbal drug", ("source", "product_key"), "product_name")

    product_key = Column("string", "Page of the drug", required=True)
    product_name = Column("string", "Latin name of the drug", required=True)
    common_name = Column("string", "English name")
    plant = Column(
        "string",
        "Plant of `silver.plant`; `none`",
        required=True,
        link=Link("made of", "plant", where="plant <> 'none'"),
    )
    printed_plant = Column("string", "Botanical name as printed")
    part = Column("string", "Parts and preparation, as the Latin name says; null where it says none")
    is_combination = Column("boolean", "Made of several plants together", required=True)
    status = Column("string", "State of the assessment, a letter")
    outcome = Column("string", "Outcome of the assessment")
    first_published = Column("date", "First publication of the page")
    last_updated = Column("date", "Last change of the page")
