"""The code location: everything that the folders under `defs/` hold, and nothing else."""

import dagster as dg

from pipelines.defs import alerts, automation
from pipelines.defs.resources import PlatformResource
from pipelines.orchestration.assets import across_checks, assets
from pipelines.orchestration.executor import threads_executor
from pipelines.privacy.owner_only import owner_only

owner_only()
defs = dg.Definitions(
    assets=assets(),
    asset_checks=across_checks(),
    jobs=[automation.build_lake, automation.ingest, automation.rescore, automation.upkeep],
    schedules=[automation.nightly, automation.weekly],
    sensors=[automation.landing_zone, alerts.run_failed, alerts.rule_broken, alerts.figures, *alerts.lineage],
    resources={"platform": PlatformResource()},
    executor=threads_executor,
)
