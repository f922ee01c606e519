"""What was dispensed to whom, netted, and what of it could not be taken as sent."""
