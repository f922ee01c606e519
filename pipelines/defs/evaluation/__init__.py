"""How well the methods find what is true: references, splits, alerts and the league, as tables of the lake."""
