"""Counting cube: signed changes of how many reports each cell holds, month by month, as sorted integer keys.

Belongs here: packing, expanding, merging and summing, as compiled kernels on arrays. Does not: files, Spark, names.
"""
