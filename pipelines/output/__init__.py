"""Results to people: tables on a screen, files for other programs, names that were perhaps meant."""
