"""The rule of 1.0.0 finds the truth however firms get written about; that of 0.x does not."""

import numpy as np
import pandas as pd
import pytest

from belbiotech.dataset.facts.fields import FACTS
from belbiotech.dataset.facts.read import Facts
from belbiotech.dataset.panel.build import build
from belbiotech.errors import PanelError
from belbiotech.studies.simulation.observation import (
    WORLDS,
    observation_study,
    observed_rows,
    write_about,
)

FIRST, END = 1990, 2019


def facts_of(written):
    """The same firms and pages as facts: each page a sighting, each alliance told by no date."""
    n = len(written.founded)
    names = np.array([f"firm-{k:04d}" for k in range(n)], dtype=object)
    born = FIRST + written.founded
    usual = {"confidence": "A", "date_quality": "stated"}

    def rows(name, who, ages, page, **more):
        dates = (born[who] + ages).astype(str)
        column = "start" if name == "alliances" else "date"
        return pd.DataFrame({"firm_id": names[who], column: dates, "source_id": page, **more})

    page_of, page_age = np.nonzero(written.pages)
    signed_of, signed_age = np.nonzero(written.signed)
    gone = np.flatnonzero(written.exits)
    told = np.flatnonzero(written.exit_page >= 0)
    seen_pages = [f"p{k}" for k in range(len(page_of))]
    end_pages = np.array([f"e{k}" if written.exit_page[k] >= 0 else "none" for k in range(n)])
    tables = {
        "firms": pd.DataFrame(
            {"firm_id": names, "name": names, "founded": born.astype(str), "region": "BE-VLG"}
        ).assign(origin="unknown", segment="therapeutics", source_ids="none"),
        "events": pd.concat(
            [
                rows("events", page_of, page_age, seen_pages, event="observed_active"),
                rows("events", gone, written.last[gone], end_pages[gone], event="bankrupt"),
            ]
        ),
        "alliances": rows(
            "alliances", signed_of, signed_age, "none", partner="P", firm_role="mutual"
        ).assign(partner_type="biotech", alliance_type="option"),
        "financings": pd.DataFrame(),
        "sources": pd.DataFrame(
            {
                "source_id": ["none", *seen_pages, *end_pages[told]],
                "published": [
                    None,
                    *(born[page_of] + page_age).astype(str),
                    *(born[told] + written.exit_page[told]).astype(str),
                ],
            }
        ).assign(url="https://example.org/", title="T", publisher="P", language="en"),
    }
    made = {}
    for name, fields in FACTS.items():
        frame = tables[name].assign(**usual).reindex(columns=list(fields)).reset_index(drop=True)
        amounts = [column for column, field in fields.items() if field.kind == "amount"]
        blank = frame.astype(object).where(frame.notna(), None)
        made[name] = blank.astype(dict.fromkeys(amounts, "float64"))
    return Facts(**made)


@pytest.mark.parametrize("world", ["sold", "sightings"])
def test_the_build_observes_the_same_years(world):
    """What the study proves is what `build` does: the same firms, as facts."""
    written = write_about(world, np.log(0.6), 60, np.random.default_rng(3))
    facts = facts_of(written)
    for rule in ("first_page", "follow_up"):
        panel = build(facts, end_year=END, observation=rule).firm_year
        built = panel[panel["observed"]].assign(
            allied=lambda rows: (rows["alliances_active_lag1"] > 0).astype(int),
            firm_id=lambda rows: rows["firm_id"].str[-4:].astype(int),
        )
        columns = ["firm_id", "start", "stop", "allied", "exit"]
        expected = observed_rows(written, rule)
        assert built[columns].to_numpy().tolist() == expected.to_numpy().tolist()
        assert len(expected) > 100


def rules(world, effect, repetitions=40):
    table = observation_study(
        world, effect, n_firms=400, repetitions=repetitions, seed=2, processes=1, progress=False
    )
    return table.iloc[0], table.iloc[1]


@pytest.mark.parametrize("world", ["sold", "sightings"])
def test_where_exits_are_reported_the_rule_of_0_x_finds_what_is_not_there(world):
    old, new = rules(world, 0.0)
    assert old["hazard_ratio"] < 0.7
    assert old["coverage"] < 0.3
    assert old["hazard"] > 2 * old["true_hazard"]
    assert old["hazard_coverage"] == 0
    error = 3.5 / np.sqrt(40)  # Monte Carlo errors of 40 panels
    assert abs(np.log(new["hazard_ratio"])) < 0.3 * error
    assert new["coverage"] > 0.95 - error * np.sqrt(0.95 * 0.05)
    assert new["hazard_coverage"] > 0.95 - error * np.sqrt(0.95 * 0.05)


@pytest.mark.slow
@pytest.mark.parametrize("effect", [0.0, np.log(0.6)])
@pytest.mark.parametrize("world", list(WORLDS))
def test_coverage_of_the_new_rule_in_full(world, effect):
    table = observation_study(world, effect, n_firms=500, repetitions=1000, seed=0)
    old, new = table.iloc[0], table.iloc[1]
    assert 0.93 <= new["coverage"] <= 0.97
    assert 0.93 <= new["hazard_coverage"] <= 0.97
    assert new["hazard_ratio"] == pytest.approx(np.exp(effect), rel=0.04)
    assert old["hazard_coverage"] < 0.9
    if WORLDS[world][2]:
        assert old["coverage"] < 0.3


def test_the_same_with_any_number_of_processes():
    one, two = (
        observation_study("sold", repetitions=4, n_firms=100, processes=k, progress=False)
        for k in (1, 2)
    )
    pd.testing.assert_frame_equal(one, two)


def test_bad_input():
    with pytest.raises(PanelError, match="no world 'solde'; did you mean 'sold'"):
        observation_study("solde")
    with pytest.raises(PanelError, match="2 or more"):
        observation_study("sold", repetitions=1)
    with pytest.raises(PanelError, match="seed must be a whole number"):
        observation_study("sold", repetitions=2, seed=1.5)
