"""The report that a run leaves: one HTML file that an epidemiologist can read, print and pass on.

Belongs here: reading the finished tables, drawing, wording. Does not: any number that is not in a table already, other
than counts, shares and delays of what the tables hold.
"""
