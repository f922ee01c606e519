"""From the landing zone to bronze: what came, read once, kept or quarantined, written down and answered."""
