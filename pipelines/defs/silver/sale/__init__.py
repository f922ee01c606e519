"""What was sold or reimbursed, as aggregates: no person in it."""
