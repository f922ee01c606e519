"""Sequence symmetry: is the marker drug started after the index drug more often than before it?"""
