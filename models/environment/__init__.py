"""Residues of medicines: concentrations predicted from use, means of censored measurements, quotients of risk."""
