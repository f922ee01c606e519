"""Rules as Dagster asset checks: one check per rule; the many "is given" rules of a table are one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import dagster as dg

from expectations.compile import CRITICAL, Rule, planned
from expectations.run import Outcome
from pipelines.core.table import Table

REQUIRED = "required_columns_are_given"


def check_specs(table: type[Table], key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """Checks of a table, blocking where a breach is critical."""
    specs: dict[str, dg.AssetCheckSpec] = {}
    for rule in planned(table):
        name = _name(rule)
        described = "Every required column has a value in every row." if name == REQUIRED else f"{rule.says}."
        specs[name] = dg.AssetCheckSpec(name, asset=key, description=described, blocking=rule.severity == CRITICAL)
    return list(specs.values())


def check_results(outcomes: Iterable[Outcome], key: dg.AssetKey) -> Iterator[dg.AssetCheckResult]:
    """Outcomes as check results, with counts and advice; never a value."""
    grouped: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        grouped.setdefault(_name(outcome.rule), []).append(outcome)
    for name, group in grouped.items():
        failed = [o for o in group if o.success is False]
        worst = max(failed or group, key=lambda o: o.n_unexpected)
        is_critical = worst.rule.severity == CRITICAL
        yield dg.AssetCheckResult(
            asset_key=key,
            check_name=name,
            passed=not failed,
            severity=dg.AssetCheckSeverity.ERROR if is_critical else dg.AssetCheckSeverity.WARN,
            metadata={
                "rule": worst.rule.says,
                "rows": worst.n_rows,
                "rows that break the rule": sum(o.n_unexpected for o in group),
                "percent": round(worst.percent, 4),
                "must hold for": f"{worst.rule.threshold:.1%} of rows",
                **({"columns": ", ".join(str(o.rule.column) for o in failed)} if failed else {}),
                **({"not applicable": worst.detail} if worst.success is None else {}),
                "how to mend": worst.rule.advice,
            },
        )


def _name(rule: Rule) -> str:
    return REQUIRED if rule.kind == "required" else rule.name
