"""Whom a recall reaches."""
