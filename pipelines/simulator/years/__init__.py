"""A country over years on arrays: what is reported month by month in each domain, and what is true.

`families` are data: how harms and artefacts look. `country` draws substances, terms, product information and use.
`plant` puts the families into it; `history` reports it month by month. Everything follows from one seed; nothing here
knows the methods that look for signals.
"""
