"""The report: one file, everything a reader looks for, nothing a reader must not see."""

from __future__ import annotations

import datetime as dt
import re

import pytest

from pipelines.lake.query import QueryError
from pipelines.report.page import write
from tests.report.report_lake import country, lake


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    out = tmp_path_factory.mktemp("report") / "deep" / "signals.html"
    return write(lake(country()), out, facts={"as_of": "", "run_seconds": 12.0}).read_text(encoding="utf-8")


def test_it_is_one_file_that_fetches_nothing(page):
    assert not re.findall(r"(?:src|href)=[\"'](?:https?:)?//", page)
    assert page.count("data:image/") + page.count("<svg") >= 3


def test_it_ranks_the_signals_of_each_domain_with_their_intervals(page):
    for expected in ("human", "veterinary", "EB05", "IC025", "zero inclusive", "Hepatic failure", "MELOXICAM"):
        assert expected.lower() in page.lower(), expected


def test_it_shows_all_methods_about_one_signal_over_time(page):
    section = page[page.index("All methods about one signal") :]
    for expected in (
        "ror exact",
        "lower exact 95 % bound of ROR",
        "IC025 &gt; 0",
        "not computed: needs a prior",
        "over months",
    ):
        assert expected in section, expected


def test_it_shows_interactions_and_what_a_masker_hides(page):
    section = page[page.index('id="together"') :]
    for expected in ("HYPERICUM PERFORATUM", "SERTRALINE", "Serotonin syndrome", "Ovarian cancer", "TALC"):
        assert expected in section, expected


def test_a_raw_quarantined_line_is_never_shown(page):
    assert "27 fields where 25 are expected" in page
    assert "SECRET" not in page


def test_names_from_files_can_t_become_markup(tmp_path):
    rows = country(n_months=3)
    for row in rows["gold.signal"]:
        row["term_name"] = "<script>alert(1)</script>"
    text = write(lake(rows), tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in text


@pytest.mark.parametrize("rows", [{}, None])
def test_an_empty_lake_gives_a_page_that_says_so(tmp_path, rows):
    text = write(lake(rows), tmp_path / "r.html").read_text(encoding="utf-8")
    assert "<html" in text and "no " in text.lower()


def test_a_table_that_is_missing_is_told_in_its_section(tmp_path):
    def nothing(sql):
        raise QueryError("gold.signal has not been built here yet")

    assert "has not been built" in write(nothing, tmp_path / "r.html").read_text(encoding="utf-8")


def test_it_shows_rates_nowcasts_the_cascade_and_antimicrobials(tmp_path):
    rows = country(n_months=3)
    month = next(r["month"] for r in rows["gold.report_month"])
    told = {"source": "snds", "substance_key": "all", "month": month, "lag": 1}
    rows["gold.flow_triangle"] = [told | {"n_packs": 700, "n_lines": 7}]
    rows["gold.nowcast"] = [told | {"n_observed": 700.0, "n_estimated": 1000.0, "n_lower": 950.0, "n_upper": 1050.0}]
    judged = told | {"is_covered": True, "n_estimated": 990.0, "n_final": 1000.0}
    rows["gold.nowcast_judgement"] = [judged, judged | {"is_covered": False}]
    rate = {"dating": "receipt", "per": "treated", "exposure_source": "snds", "species": "human", "year": 2024}
    rate |= {
        "substance_key": "S",
        "substance_name": "METFORMIN",
        "brand": "all",
        "term_key": "T",
        "term_name": "Acidosis",
    }
    rows["gold.rate_comparison"] = [
        rate | {"sibling": "class", "n_counted": 9, "expected": 3.0, "ratio": 3.0, "ratio_lower": 1.4, "p_value": 0.01}
    ]
    cascade = {"year": 2024, "species": "dog", "substance_name": "MEROPENEM", "n_supplies": 2, "n_supplies_all": 2}
    rows["gold.cascade"] = [cascade | {"n_animals": 3, "n_reports": 1, "is_reserved": True}]
    use = {"sector": "animal", "indicator": "mg_per_pcu", "country": "FR", "species": "all", "substance_key": "all"}
    rows["gold.antimicrobial_use"] = [
        use | {"source": s, "year": y, "value": 50.0, "is_series_break": s == "asu"}
        for s, y in (("esvac", 2022), ("asu", 2023))
    ]
    text = write(lake(rows), tmp_path / "r.html").read_text(encoding="utf-8")
    section = text[text.index('id="completeness"') : text.index('id="quality"')]
    for expected in (
        "1,000 expected",
        "50.0",
        "Acidosis",
        "substances of its class",
        "reserved to people",
        "mg per pcu",
    ):
        assert expected in section.replace("\u202f", " "), expected
    assert "MEROPENEM" in section
    assert section.count("<svg") >= 5


def test_it_draws_exposure_and_never_adds_persons_up(tmp_path):
    rows = country(n_months=3)
    every = {"source": "snds", "region": "all", "sex": "all", "age_group": "all", "substance_key": "S1", "n_months": 1}
    months = [r["month"] for r in rows["gold.report_month"]][:1] * 2
    rows["silver.substance"] = [{"substance_key": "S1", "substance_name": "METFORMIN"}]
    rows["gold.exposure"] = [
        every | {"month": months[0], "n_packs": 1_200, "n_treated": 40, "is_complete": True},
        every | {"month": months[0], "n_packs": 9_999, "n_treated": 30, "region": "84", "is_complete": True},
    ]
    text = write(lake(rows), tmp_path / "r.html").read_text(encoding="utf-8")
    section = text[text.index('id="exposure"') :].split("</figure>")[0]
    assert "METFORMIN (1,200 packs; 40 treated in" in section.replace("\u202f", ",").replace("\xa0", ",")
    assert "<svg" in section


def test_all_figures_over_time_of_a_population_share_one_date_axis(page):
    section = page[page.index('id="time"') : page.index('id="together"')]
    drawn = re.findall(r'<svg class="(?:trend|wide)".*?</svg>', section, re.DOTALL)
    human = [svg for svg in drawn if "Hepatic failure" in svg or "Reports a month, human" in svg]
    years = {tuple(re.findall(r">(\d{4})</text>", svg)) for svg in human}
    assert len(human) >= 3
    assert len(years) == 1, years


def test_tables_can_be_scrolled_by_keyboard_and_sorted(page):
    assert page.count("<table") <= page.count('tabindex="0"')
    assert "aria-sort" in page


def test_it_shows_acts_pairs_and_shortages_and_marks_acts_on_the_trends(tmp_path):
    rows = country(n_months=24)
    day = max(r["month"] for r in rows["gold.signal"])
    flagged = next(
        r for r in rows["gold.signal"] if r["is_latest"] and r["population"] == "human" and r["is_ic_signal"]
    )
    pair = {c: flagged[c] for c in ("substance_key", "substance_name", "term_key", "term_name")}
    acted = pair | {"species": "human", "authority": "PRAC", "basis": "substance", "outcome": "acted", "n_acts": 2}
    acted |= {"opened_date": day, "opened_known_from": day, "acted_date": day, "acted_known_from": day}
    negative = {
        "substance_name": "SPARED",
        "term_name": "Nothing",
        "species": "human",
        "authority": "PRAC",
        "n_acts": 1,
    }
    negative |= {"basis": "class", "outcome": "no_action", "opened_date": day}
    rows["gold.recognition"] = [acted | {"public_from": day}, negative | {"public_from": day}]
    act = {"source": "x", "authority": "CVMP", "act_kind": "committee_opinion", "act_date": day, "dated_by": "act"}
    rows["silver.regulatory_event"] = [act | {"event_id": str(i), "is_current": True} for i in range(7)]
    rows["gold.regulatory_timeline"] = [{"domain": "veterinary", "days_to_decision": 92, "is_out_of_order": False}]
    rows["silver.regulatory_event_subject"] = [{"source": "prac_signals", "term_method": "uncoded"}]
    short = {"country": "FR", "month": day, "n_short": 40, "n_major_short": 9, "n_major": 30, "share_major_short": 0.3}
    rows["gold.shortage_month"] = [short]
    episode = {"country": "FR", "product_key": "CIS:1", "product_name": "SHORT 5 mg", "end_basis": "open"}
    rows["gold.shortage_episode"] = [episode | {"status": "tension", "began_date": day, "n_starts": 3}]
    text = write(lake(rows), tmp_path / "r.html").read_text(encoding="utf-8")
    section = text[text.index('<section id="acts">') : text.index("</section>", text.index('<section id="acts">'))]
    for expected in ("CVMP", "no action", "by its class", "SPARED", "40 products short", "SHORT 5 mg", "92 (92–92)"):
        assert expected in section, expected
    assert 'class="act discussed"' in text and f"acted {day}" in text, "vertical lines on the trend of the pair"


def test_it_shows_resistance_beside_use_and_no_line_over_a_gap(tmp_path):
    rows = country(n_months=2)
    same = {
        **{
            "source": "spares",
            "series": "cohort",
            "host": "human",
            "kingdom": "human",
            "country": "FR",
            "region": "all",
        },
        **{"setting": "hospital", "bacterium": "Escherichia coli", "criterion": "ESBL", "n_months": 12},
        "class_code": "third_generation_cephalosporins",
    }
    share = same | {"indicator": "resistant_share", "denominator": 900.0, "lower": 0.05, "upper": 0.09}
    years = {2018: 1, 2019: 1, 2021: 2, 2022: 2}
    rows["gold.use_and_resistance"] = [
        share | {"period": str(y), "period_start": dt.date(y, 1, 1), "segment": s, "value": 0.0679}
        for y, s in years.items()
    ]
    cell = share | {"period": "2022", "region": "53", "value": None, "lower": None, "upper": None, "segment": 1}
    rows["gold.use_and_resistance"].append(cell | {"denominator": None, "why_none": "small_cell"})
    use = same | {"indicator": "mg_per_pcu", "kingdom": "animal", "host": "pigs", "bacterium": "none", "segment": 1}
    rows["gold.use_and_resistance"].append(use | {"period": "2022", "value": 0.42, "denominator_method": "esvac_pcu"})
    ratio = {"form": "log", "rule": "as_printed", "n_places": 29, "odds_ratio": 1.31, "lower": 1.2, "upper": 1.43}
    about = {c: same[c] for c in ("source", "series", "host", "bacterium", "class_code", "criterion")}
    told = about | {"exposure_kind": "ddd_per_1000_inhabitants_day", "period": "2019", "is_best_form": True}
    rows["gold.use_resistance_association"] = [ratio | told]
    text = write(lake(rows), tmp_path / "r.html").read_text(encoding="utf-8")
    section = text[text.index('<section id="resistance">') :]
    section = section[: section.index("</section>")]
    for expected in ("6.8", "small cell", "esvac pcu", "0.42", "1.31", "1.20 to 1.43", "per 1000 inhabitants day"):
        assert expected in section, expected
    assert section.count('class="course stroke0"') == 2, "a line a stretch"


def test_it_shows_residues_on_a_map_with_what_the_prediction_hangs_on(tmp_path):
    rows = country(n_months=2)
    day = dt.date(2024, 6, 30)
    same = {"source": "snds", "country": "FR", "substance_key": "name:MELOXICAM", "month": day, "n_months": 1}
    quotient = same | {"basis": "predicted", "parameter": "none", "fraction": "none", "concentration": 0.5, "pnec": 0.1}
    quotient |= {"pnec_from": day, "pnec_reference": "agency X", "is_pnec_later": False, "risk": "moderate"}
    rows["gold.risk_quotient"] = [quotient | {"place": "all", "quotient": 4.0}]
    summed = {"source": "snds", "country": "FR", "n_substances": 1, "first_month": day, "last_month": day}
    places = {"69": 5.0, "75": 2.0, "2A": 0.5, "48": None}
    rows["gold.risk_by_place"] = [summed | {"place": p, "quotient": q} for p, q in places.items()]
    water = same | {"compartment": "surface_water", "place": "all", "animal_type": "none", "mg": 1e9, "value": 0.5}
    water |= {
        "inhabitants": 1e6,
        "excretion": 0.4,
        "removal": 0.5,
        "litres_per_inhabitant_day": 200.0,
        "dilution": 10.0,
    }
    soil = {
        "compartment": "soil",
        "animal_type": "fattening_pig",
        "value": 294.667,
        "is_above_limit": True,
        "month": day,
    }
    rows["gold.predicted_concentration"] = [
        water | {"assumed": []},
        same | soil | {"n_months": 12, "place": "all", "assumed": [], "dose_mg_kg_day": 10.0, "treatment_days": 5.0},
    ]
    measured = {"source": "naiades", "place_kind": "station", "place": "S1", "parameter": "5354", "unit": "µg/L"}
    measured |= {"parameter_name": "Ibuprofène", "fraction": "3", "year": 2024, "n": 4, "n_quantified": 1}
    rows["gold.measured_concentration"] = [measured | {"lower": 0.01, "upper": 0.03, "reported": "< 0.02"}]
    text = write(lake(rows), tmp_path / "r.html").read_text(encoding="utf-8")
    section = text[text.index('<section id="residues">') :]
    section = section[: section.index("</section>")]
    for expected in ("MELOXICAM", "agency X", "moderate", "Ibuprofène", "25", "fattening pig", "295", "dilution"):
        assert expected in section, expected
    assert section.count("fill-opacity") >= 3 + 4, "three départements are shaded, four bars drawn"
    assert section.count("<rect") == 101


def test_sites_batches_and_recalls_have_their_section_with_the_chain_of_the_worst_batch(tmp_path):
    rows = country()
    day = dt.date(2012, 11, 30)
    site = {"establishment_key": "OMS:1", "establishment_name": "Site of Lyon", "is_current": True}
    rows["silver.establishment"] = [site]
    rows["gold.site_risk"] = [
        site | {"rated_from": day, "rating": "C", "n_critical": 1, "n_major": 4, "overdue_days": 33, "n_recalls": 2,
                "n_actions": 0, "n_non_compliance": 0, "certificate_days": 109, "is_certificate_late": True}
    ]  # fmt: skip
    rows["gold.site_risk_reason"] = [site | {"rated_from": day, "reason": "certificate_late"}]
    del rows["gold.site_risk_reason"][0]["establishment_name"]
    batch = {"batch_key": "CIP13:1|L5", "family_key": "CIS:1", "is_latest": True, "n_reports": 12, "n_doses": 10_000}
    rows["gold.batch_watch"] = [
        batch | {"establishment_key": "OMS:1", "ratio": 5.4, "p_value": 3.3e-5, "q_value": 3.3e-4}
    ]
    link = {
        "from_kind": "batch",
        "from_key": "CIP13:1|L5",
        "link_kind": "made at",
        "to_kind": "site",
        "to_key": "OMS:1",
    }
    named = {"from_kind": "report", "link_kind": "names", "to_kind": "batch", "to_key": "CIP13:1|L5"}
    rows["gold.link"] = [link | {"to_name": "Site of Lyon"}, *[named | {"from_key": f"secret-{i}"} for i in range(3)]]
    recall = {"country": "FR", "recall_class": "suspected_1", "event_id": "e", "product_id": "p", "recall_date": day}
    rows["silver.recall"] = [recall | {"scope": "listed", "is_current": True}]
    reached = {"source": "s", "event_id": "e", "product_id": "p", "product_name": "VELO 5 mg", "recall_class": "1"}
    rows["gold.recall_reach"] = [reached | {"n_packs": 700, "departments": ["69", "83"]}]
    cluster = {"family_key": "CIS:7", "domain": "human", "n_defects": 9, "n_batches": 2, "place_kind": "region"}
    cluster |= {"place": "84", "month_from": day, "month_to": day, "n_cluster": 8, "expected": 1.25}
    rows["gold.defect_cluster"] = [
        cluster | {"p_value": 0.001, "q_value": 0.004},
        {
            "family_key": "CIS:8",
            "domain": "human",
            "n_defects": 1,
            "n_batches": 1,
            "not_computed": "fewer than 3 defects",
        },
    ]
    text = write(lake(rows), tmp_path / "r.html").read_text(encoding="utf-8")
    section = text[text.index('<section id="sites">') : text.index("</section>", text.index('<section id="sites">'))]
    for expected in (
        "Site of Lyon",
        "certificate late",
        "109 <b>late</b>",
        "5.40",
        "3.3e-05",
        "suspected 1",
        "69, 83",
        "region 84",
        "0.004",
        "fewer than 3 defects",
    ):
        assert expected in section, expected
    assert "3 reports" in section and "made at" in section and "secret" not in section


def test_access_has_its_section_and_shows_no_medicine_of_few(tmp_path):
    rows = country()
    day = dt.date(2024, 6, 30)
    decision = {"medicine_key": "M-1", "product_name": "ARVENCEL GT-101", "state": "granted", "is_current": True}
    decision |= {"valid_from": day}
    rows["silver.access_authorisation"] = [
        decision | {"access": "early", "start_date": dt.date(2023, 5, 15), "end_date": dt.date(2024, 2, 29)},
        decision | {"access": "marketing", "start_date": dt.date(2024, 3, 1)},
    ]
    many = {"medicine_key": "M-1", "product_name": "ARVENCEL GT-101", "month": day, "is_latest": True, "n_ever": 48}
    many |= {"status": "marketing", "n_followed": 48, "person_months": 392.7, "n_events": 13, "expected": 3.14}
    many |= {"ratio": 4.14, "ratio_lower": 2.2, "ratio_upper": 7.08, "p_value": 2e-5, "is_alarm": True}
    many |= {"alarm_rule": "Poisson MaxSPRT, alpha = 0.05", "alarm_boundary": 3.06, "false_alarm_rate": 0.05}
    many |= {
        "n_due": 194,
        "n_received": 166,
        "completeness": 0.8557,
        "completeness_lower": 0.8,
        "completeness_upper": 0.9,
        "days_without_data": 17,
    }
    few = many | {"medicine_key": "M-2", "product_name": "CONFLU-7", "n_ever": 4, "n_followed": 4, "n_events": 2}
    few |= {"person_months": 47.31, "ratio": 4.23, "n_due": 20, "n_received": 18, "days_without_data": 66}
    rows["gold.access_cohort"] = [many, few | {"ratio_upper": 15.27, "completeness": 0.9, "expected": 0.47}]
    text = write(lake(rows), tmp_path / "r.html").read_text(encoding="utf-8")
    section = text[text.index('<section id="access">') :]
    section = section[: section.index("</section>")]
    for expected in ("CONFLU-7", "2023-05-15 to 2024-02-29", "4.14", "2e-05", "<b>alarm</b>", "85.6", "MaxSPRT", "5.0"):
        assert expected in section, expected
    for hidden in ("47.3", "4.23", "15.3", "0.47", ">20<", ">18<", ">66<", ">4<", ">2<", ">90.0"):
        assert hidden not in section, hidden
    assert section.count("<rect") == 2 + 4, "two bars, and a key of four colours"


def test_gmo_files_have_their_section_with_days_medians_and_what_is_refused(tmp_path):
    rows = country()
    day = dt.date(2024, 6, 30)
    one = {"gmo_key": "B/FR/24/08", "product_name": "GT 202", "procedure": "release", "is_latest": True, "month": day}
    step = one | {"lies_with": "ANSES", "is_open": False, "is_censored": False, "n_files": 3, "n_ended": 2}
    rows["gold.gmo_procedure_delay"] = [
        step
        | {"step": "filed", "step_date": dt.date(2024, 4, 2), "days": 38, "median_days": 25.0, "median_lower": 22.0},
        step | {"step": "sent", "step_date": dt.date(2024, 5, 16), "days": 45, "is_open": True, "is_censored": True},
        step
        | {"step": "opinion", "step_date": dt.date(2024, 4, 1), "refused": "dated before the step that it follows"},
    ]
    many = one | {"n_decisions": 1, "n_patients": 24, "n_events": 3, "events_per_patient": 0.125, "n_due": 71}
    many |= {"n_taken": 55, "taken_share": 55 / 71, "n_with_result": 55, "n_positive": 16, "positive_share": 16 / 55}
    rows["gold.gmo_follow_up"] = [many | {"positive_lower": 0.18, "positive_upper": 0.43, "n_sites": 3}]
    text = write(lake(rows), tmp_path / "r.html").read_text(encoding="utf-8")
    section = text[text.index('<section id="gmo">') :]
    section = section[: section.index("</section>")]
    for expected in ("ANSES since 2024-05-16, 45 days", "45 or more", "25", "dated before the step", "29.1", "77.5"):
        assert expected in section, expected
    assert "0.13" not in section and '>3</td><td class="n">24' in section, "three events of 24 patients are hidden"
