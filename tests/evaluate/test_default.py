"""The combination that is shipped is what the code fits to the countries that it names."""

from __future__ import annotations

import numpy as np
import pytest

from models.evaluation.combined import BINS, shipped, told
from models.evaluation.features import FEATURES
from pipelines.evaluate.default import TRAINED, fitted, write
from pipelines.evaluate.run import seeds


def test_it_is_written_as_it_is_read(tmp_path):
    one = shipped()
    write(one, TRAINED, tmp_path / "default.json")
    assert told(shipped(tmp_path / "default.json")) == told(one)
    assert one.seen is not None
    assert one.seen.shares.shape == (len(FEATURES), BINS)


def test_one_of_other_features_is_refused(tmp_path):
    file = tmp_path / "default.json"
    write(shipped(), TRAINED, file)
    file.write_text(file.read_text().replace('"ic025"', '"another"'))
    with pytest.raises(ValueError, match="other features"):
        shipped(file)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_it_is_what_the_code_fits():
    """To two digits: other versions of the libraries may differ beyond."""
    again, one = fitted(seeds(TRAINED)), shipped()
    for name in ("line", "counts", "sudden"):
        new, old = getattr(again, name), getattr(one, name)
        assert new.names == old.names
        np.testing.assert_allclose(new.coefficients, old.coefficients, atol=0.01)
        assert new.base == pytest.approx(old.base, abs=0.02)
