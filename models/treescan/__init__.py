"""Tree-based scan statistics: which branch of a hierarchy holds more than chance would put there?"""
