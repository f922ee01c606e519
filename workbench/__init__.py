"""Pages on which assessors and epidemiologists see signals, question them, decide and take figures out.

Belongs here: who may see what (`policy`), reading one version of the lake (`lake`), what people write (`store`,
`audit`), pages. Does not: any number that is not in a table already; writing to the lake.
"""
