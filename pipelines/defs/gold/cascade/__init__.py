"""Human medicines given to animals."""
