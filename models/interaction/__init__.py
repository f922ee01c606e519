"""Two products together: counting reports that name both, and whether they get more of an event than expected."""
