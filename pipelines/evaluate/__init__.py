"""`gerland evaluate`: simulated countries on one side, the models that look for signals on the other, and the league.

The only place that knows both: the simulator knows no model, the models know no simulator.
"""
