"""Which heavily reported pair hides others of its event, and how they score with its product's reports set aside."""
