"""Patients under early, compassionate and first marketed use, as known at each month end."""
