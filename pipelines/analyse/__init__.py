"""Commands that analyse a file of one's own: CSV or Parquet in; CSV, Parquet or a plot out. No lake, no Java.

Each module is one command of its own name: `gerland score` is `pipelines.analyse.score`. The numbers come from
`models/`; here are only the columns that a file needs, the options, and the plot.
"""

COMMANDS = (
    *("score", "lrt", "lasso", "interact", "mask", "frequency"),
    *("watch", "power", "tree", "symmetry", "sccs", "calibrate"),
)
