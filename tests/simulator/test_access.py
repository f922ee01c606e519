"""Access in the simulated country: one chain of causes, and the truth that tells it."""

from __future__ import annotations

from pipelines.simulator import access
from pipelines.simulator.world import build


def test_early_access_becomes_marketing_with_the_same_patients_and_few_patients_have_two_events():
    told = {row["medicine"]: row for row in access.truth(build(400, 3))}
    vector, few, harmful = (told[number] for number in (access.VECTOR, access.FEW, access.HARMFUL))
    assert (vector["access"], vector["patients_of_two_decisions"] > 0) == ("AAP AMM", True)
    assert (few["patients"], few["events"], few["access"]) == (4, 2, "AAC")
    assert harmful["does_harm"]
    calm = {row["medicine"]: row for row in access.truth(build(400, 3, null=True))}
    assert not calm[access.HARMFUL]["does_harm"]


def test_who_is_gone_sends_no_form_after():
    for one in access.medicines(build(400, 5)):
        for patient in one.patients:
            assert all(v.received is None or patient.gone is None or v.due <= patient.gone for v in patient.visits)
