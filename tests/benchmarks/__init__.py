"""Benchmarks: each compares a job of Gerland's with a named peer in the same run and prints the ratio.

`python -m tests.benchmarks` runs them all and prints the table; each module runs alone too. Times are processor seconds
of the whole process tree, so that other work on the machine disturbs them little.
"""
