"""Life of a triage model: logged, registered with its gate, promoted only where it wins, and back by one call."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest

from models.evaluation import registry
from models.evaluation.champion import champion_version
from models.evaluation.features import FEATURES
from models.evaluation.methods import Examples, fit
from pipelines.evaluate.track import card, code
from pipelines.evaluate.worlds import training_examples
from pipelines.simulator.years.families import load
from tests.evaluate.small import SMALL


def league(low):
    """Rows at two burdens; bounds of all differences are `low`."""
    keys = {"domain": "all", "family": "all", "stratum": "all"}
    told = {**dict.fromkeys(registry.TOLD, 0.5), **dict.fromkeys(registry.DECIDING, low)}
    return pl.DataFrame(
        [{"method": m, "burden_k": k, **keys, **told} for m in ("combined", "ic025") for k in (1.0, 2.0)]
    )


@pytest.fixture(scope="module")
def tracking(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mlflow")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GERLAND_ARTIFACTS", str(folder / "artifacts"))
        from pipelines.settings import settings

        settings.cache_clear()
        yield f"sqlite:///{folder / 'mlflow.db'}"
        settings.cache_clear()


def test_a_challenger_wins_or_stays_and_the_way_back_is_one_call(tracking, tmp_path):
    import mlflow

    given = training_examples(1, load(), SMALL)
    fitted = fit(Examples.joined([given]))
    file = tmp_path / "league.csv"
    league(0.1).write_csv(file)
    run = registry.log(tracking, "worlds", {"seeds": "1"}, league(0.1), [file])
    first = registry.register(tracking, fitted, run)
    assert champion_version(tracking) == ""
    with pytest.raises(LookupError, match="champion"):
        registry.champion(tracking)
    with pytest.raises(ValueError, match="does not win"):
        registry.promote(tracking, league(-0.1))
    assert registry.promote(tracking, league(0.1)) == first
    x = given.rows.x[:50]
    rows = pd.DataFrame(x, columns=list(FEATURES)).assign(n=[1.0] + [4.0] * 49)
    scored = mlflow.pyfunc.load_model(f"models:/{registry.MODEL}@{registry.CHAMPION}").predict(rows)
    base, parts = registry.champion(tracking).combined.contributions(x)
    gate = registry.champion(tracking).gate
    passes = (rows["n"] >= gate.fewest) & (registry.champion(tracking).combined.cheap(x) >= gate.least)
    assert not passes[0]
    assert passes.any()
    assert (scored["score"].notna() == passes).all()
    np.testing.assert_allclose(scored["score"][passes], (base + parts.sum(axis=1))[passes])
    summed = scored["base"] + scored[[f"part_{name}" for name in FEATURES]].sum(axis=1)
    np.testing.assert_allclose(summed[passes], scored["score"][passes], atol=1e-6)
    second = registry.register(tracking, fitted, registry.log(tracking, "worlds", {}, league(0.1), []))
    assert registry.promote(tracking, league(0.1)) == second
    assert registry.rollback(tracking) == first
    assert champion_version(tracking) == first
    assert registry.version_of(tracking, registry.CHAMPION) == first
    assert registry.rollback(tracking) == second
    assert champion_version(tracking) == second
    told = card(fitted, first, True, league(0.1), {"Judged on seeds": "9"})
    assert "champion" in told
    assert "Judged on seeds: 9" in told
    assert len(code()) == 16
