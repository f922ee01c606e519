"""`gerland evaluate`: every method judged on simulated countries at an equal number of alerts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.core.log import progress
from pipelines.files.store import place

if TYPE_CHECKING:
    from pipelines.evaluate.run import Found
    from pipelines.simulator.years.families import Families


def command(
    out: Annotated[
        Path | None, typer.Option(help="Folder for league.csv, alerts.parquet, truth.parquet and page.html.")
    ] = None,
    seeds: Annotated[str, typer.Option(help="Countries to judge on, such as 900001-900010.")] = "900001-900010",
    training: Annotated[str, typer.Option(help="Countries to train on; none may be judged on.")] = "1-60",
    families: Annotated[
        Path | None, typer.Option(help="Harms and artefacts of the judged countries, TOML or YAML; else those shipped.")
    ] = None,
    leave_out: Annotated[str, typer.Option(help="Families, with commas, that training shall not see.")] = "",
    null: Annotated[
        bool, typer.Option("--null", help="Judge on countries without signals: false alerts only.")
    ] = False,
    bootstrap: Annotated[int, typer.Option(min=20, help="Draws of substances for the intervals.")] = 200,
    processes: Annotated[int, typer.Option(min=1, help="Countries at a time.")] = 2,
    lake: Annotated[
        str | None,
        typer.Option(
            parser=place, metavar="PLACE", help="Judge on this lake instead, with --replicate or --reference."
        ),
    ] = None,
    is_replicated: Annotated[
        bool, typer.Option("--replicate", help="No labels: the reports of the year after say who was right.")
    ] = False,
    reference: Annotated[
        Path | None, typer.Option(help="CSV of pairs, true or not, with the dates that they became public.")
    ] = None,
    terms: Annotated[
        Path | None,
        typer.Option(help="CSV of wordings of the reference and terms of the dictionary; else one beside it."),
    ] = None,
    model: Annotated[
        str, typer.Option(help="On a lake with --reference: champion takes the registry's model, trained trains one.")
    ] = "trained",
    is_tracked: Annotated[bool, typer.Option("--track", help="Log the evaluation in MLflow.")] = False,
    is_registered: Annotated[
        bool, typer.Option("--register", help="Log, register the models as challenger, champion where they win.")
    ] = False,
    is_rolled_back: Annotated[
        bool, typer.Option("--rollback", help="Make the former champion champion again, and nothing else.")
    ] = False,
    as_of: Annotated[
        str | None, typer.Option(help="Judge the lake as it was built for this date (YYYY-MM-DD).")
    ] = None,
) -> None:
    """Judge every method on simulated countries, or on a lake, month by month, at an equal number of alerts. No Java.

    Models are trained in the same run, on other countries and always with the shipped families, so that a file of
    families shows how they do on what they never saw. The same arguments give the same numbers.

    On a lake, `--replicate` asks no labels: models are fitted on one half of the substances and judged on the other, by
    the excess among the reports first received in the year after. `--reference` takes a CSV with the columns
    substance, event, label (1 or 0) and, for true ones, date (YYYY, YYYY-MM or YYYY-MM-DD; the first public one);
    models are those of simulated countries, or of the registry (--model champion). Without either the lake is judged by
    the reference that stands in it (`evaluation.reference`).

    Example: gerland evaluate --seeds 900001-900010 --out league
    """
    from pipelines.evaluate.run import EvaluationError
    from pipelines.simulator.years.families import SHIPPED, load

    if is_rolled_back:
        from pipelines.evaluate.track import rollback

        rollback(progress())
        return
    if out is None:
        raise typer.BadParameter("name the folder for what is found", param_hint="--out")
    if model not in ("trained", "champion"):
        raise EvaluationError(f"--model {model!r} is neither trained nor champion")
    if is_registered and (null or lake is not None):
        raise EvaluationError("models are registered by an evaluation on simulated countries with signals")
    shipped = load()
    left = [name.strip() for name in leave_out.split(",") if name.strip()]
    if unknown := [name for name in left if name not in shipped]:
        raise EvaluationError(f"there is no family {unknown[0]!r} to leave out; known are {', '.join(shipped)}")
    if lake is not None or is_replicated or reference is not None:
        _on_lake(
            lake, is_replicated, reference, out, bootstrap, as_of, terms, (training, left, processes), model, is_tracked
        )
        return
    from pipelines.evaluate.page import write
    from pipelines.evaluate.run import disjoint, evaluate
    from pipelines.evaluate.run import seeds as read

    judged, trained = read(seeds), read(training)
    disjoint(trained, judged)
    shown = load(families) if families else shipped
    out.mkdir(parents=True, exist_ok=True)
    say = progress()
    found = evaluate(
        shown, _without(shipped, left), judged, trained, null=null, processes=processes, bootstrap=bootstrap, say=say
    )
    facts = {
        "Judged on seeds": seeds,
        "Trained on seeds": training,
        "Families": str(families or SHIPPED.name),
        "Left out of training": ", ".join(left) or "none",
        "Without signals": "yes" if null else "no",
        "Bootstrap draws": str(bootstrap),
    }
    write(found, out, facts)
    if is_tracked or is_registered:
        from pipelines.evaluate import track

        run_id = track.log("simulated countries", facts, found.league, out)
        if is_registered:
            track.register(found.fitted, run_id, found.league, out, facts, say)
    for line in summary(found):
        say(line)
    say(f"written to {out}: league.csv, alerts.parquet, truth.parquet, page.html")


def summary(found: Found) -> list[str]:
    """Say where no signals were whether false alerts keep the stated rate, and what labels at random teach."""
    lines = []
    if found.false_alerts is not None:
        above = found.false_alerts.filter(found.false_alerts["measured_low"] > found.false_alerts["stated_a_month"])
        lines.append(
            f"false alerts: {above.height} of {found.false_alerts.height} thresholds pass more than stated"
            + "".join(f"; {r['method']} {r['domain']} {r['measured_a_month']:.2f}" for r in above.to_dicts())
        )
    if found.shuffled is not None:
        told = (
            f"{r['method']} {r['auc']:.3f} [{r['auc_low']:.3f}; {r['auc_high']:.3f}] on labels {r['judged_on_labels']}"
            for r in found.shuffled.to_dicts()
        )
        lines.append(f"taught labels at random, AUC: {', '.join(told)}")
    return lines


def _on_lake(
    lake: str | None,
    is_replicated: bool,
    reference: Path | None,
    out: Path,
    bootstrap: int,
    as_of: str | None,
    terms: Path | None,
    training: tuple[str, list[str], int],
    model: str,
    is_tracked: bool,
) -> None:
    from pipelines.evaluate import referenced, replication, track
    from pipelines.evaluate.reference import read
    from pipelines.evaluate.run import EvaluationError, fitted_on, seeds
    from pipelines.settings import settings
    from pipelines.simulator.years.families import load

    if is_replicated and reference:
        raise EvaluationError("choose one of --replicate and --reference")
    root, say = str(lake or settings().lake), progress()
    if is_replicated:
        league = replication.run(root, out, bootstrap, as_of, say).league
        facts = {"Bootstrap draws": str(bootstrap)}
        say(f"written to {out}: league.csv, log_scores.csv, alerts.parquet, page.html")
    else:
        if reference:  # what is wrong with it is told before any model is fitted
            read(reference, terms)
        else:
            referenced.standing_reference(root, as_of)
        trained, left, processes = training
        if model == "champion":
            fitted, facts = track.champion(), {"Models": "the champion of the registry"}
        else:
            fitted = fitted_on(_without(load(), left), seeds(trained), processes, say)
            facts = {
                "Models": f"fitted on simulated countries {trained}",
                "Left out of training": ", ".join(left) or "none",
            }
        league = referenced.run(root, reference, fitted, out, bootstrap, facts, terms, as_of, say).league
        say(f"written to {out}: league.csv, sensitivity.csv, reference.csv, alerts.parquet, page.html")
    if is_tracked:
        track.log("replication" if is_replicated else "reference", facts, league, out)


def _without(families: Families, left: list[str]) -> Families:
    return {name: family for name, family in families.items() if name not in left}
