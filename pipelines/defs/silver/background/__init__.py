"""What a report tells around its case: history, population group, study, devices."""
