"""Procedures of authorities as chains of dated steps."""
