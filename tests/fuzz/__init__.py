"""Fuzzing of every source's readers: whatever the bytes, no crash, no hang, and every record accounted for.

`make fuzz` (`python -m tests.fuzz [--source NAME] [--inputs N] [--seconds N]`) lets coverage guide the mutations; what it finds is
kept under `cases/<table>/` and replayed by the ordinary suite (`test_fuzz.py`).
"""
