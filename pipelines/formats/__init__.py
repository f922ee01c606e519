"""Dialects of agencies that several sources speak: ICSR elements, VICH, declaration forms, places."""
