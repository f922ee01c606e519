"""What must hold of scores beyond their columns: parts sum up, features and outcomes are those that a model knows."""

from pipelines.core.across import WARNING, Across

MOST_DRIFT, FAR_DRIFT = 0.25, 5.0  # population stability index: much different; not the same quantity
SLOPES, LEAST_SLOPE = (0.8, 1.2), 0.0
TOLERANCE = 1e-6
SUMMED = "base + aggregate(parts, 0D, (sum, part) -> sum + CAST(substring_index(part, ' ', -1) AS DOUBLE))"
SUMMED_SQL = "base + coalesce(list_sum(list_transform(parts, lambda p: CAST(split_part(p, ' ', 2) AS DOUBLE))), 0)"
MONITOR = "gold.triage_monitor"


def _watched(name: str, where: str, says: str, advice: str, severity: str = "critical") -> Across:
    return Across(
        name,
        MONITOR,
        (),
        lambda tables: tables[MONITOR].filter(where),
        advice,
        severity,
        says,
        f"SELECT * FROM {MONITOR} WHERE {where}",
    )


RULES = (
    Across(
        "parts_sum_to_score",
        "gold.triage",
        (),
        lambda tables: tables["gold.triage"].filter(f"abs({SUMMED} - score) > {TOLERANCE}"),
        "A model tells other parts than it scores by: don't review by `parts`; register it again.",
        says=f"base and parts sum to the score within {TOLERANCE:g}",
        sql=f"SELECT * FROM gold.triage WHERE abs({SUMMED_SQL} - score) > {TOLERANCE}",
    ),
    _watched(
        "features_are_as_in_training",
        f"kind = 'drift' AND value > {MOST_DRIFT}",
        f"drift of each feature is at most {MOST_DRIFT}",
        "The lake differs from what the model was fitted to: fit it to countries that are like it, or trust it less.",
        WARNING,
    ),
    _watched(
        "features_are_the_same_quantities",
        f"kind = 'drift' AND value > {FAR_DRIFT}",
        f"drift of each feature is at most {FAR_DRIFT:g}",
        "A feature means another thing here than in training: look at how it is counted before a list is reviewed.",
        WARNING,
    ),
    _watched(
        "scores_mean_what_they_say",
        f"kind = 'calibration' AND (value < {SLOPES[0]} OR value > {SLOPES[1]})",
        f"calibration slope lies between {SLOPES[0]} and {SLOPES[1]}",
        "Read scores as an order, not as chances; a model that is fitted to this lake would be calibrated.",
        WARNING,
    ),
    _watched(
        "scores_point_the_right_way",
        f"kind = 'calibration' AND value <= {LEAST_SLOPE:g}",
        f"calibration slope is above {LEAST_SLOPE:g}",
        "High scores came true less often than low ones: put the former champion back (`gerland evaluate --rollback`).",
    ),
)
