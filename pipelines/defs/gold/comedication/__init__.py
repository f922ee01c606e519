"""Confounding by co-medication: the substances of frequent events, adjusted for all others of the same reports."""
