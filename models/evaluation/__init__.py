"""Earlier detection, judged: features as known at each month, scores, alerts at equal burden, and the league.

`known` walks forward over arrays of reports; `features` turns what was known of a pair into numbers; `single` holds the
statistics of one count, `triage` and `borrow` the models; `metrics`, `burden`, `league` judge them alike; `replicate`
judges without labels. Pure functions on arrays: no lake, no world, no files.
"""
