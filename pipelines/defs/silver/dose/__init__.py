"""How much of a substance is a day or a course of treatment."""
