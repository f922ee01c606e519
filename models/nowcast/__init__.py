"""What is still to come of months that are not complete."""
