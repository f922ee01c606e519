"""The counting cube: how many reports each cell gained or lost, month by month."""
