"""The product registers, united: what each source's register gives, in the common columns."""

from pipelines.defs.silver.product.tables import Pack, PackContent, Product, ProductSubstance, Shortage
from pipelines.frames.union import union_of_sources

product = union_of_sources(Product)
product_substance = union_of_sources(ProductSubstance)
pack = union_of_sources(Pack)
shortage = union_of_sources(Shortage)
pack_content = union_of_sources(PackContent)
