"""Counts over time: is what came lately more than the past, or the expectation, explains?"""
