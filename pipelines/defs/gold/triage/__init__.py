"""The combined list of each month and agency, and what watches over its scores."""
