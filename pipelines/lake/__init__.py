"""The Delta lake: reading, writing, seals, verification, queries without the engine, work on the files of a table."""
