"""Curves of weighted rows with errors by unit, against R's survfit(weights=, id=, cluster=)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from belbiotech import PanelError, cumulative_incidence, kaplan_meier

CASES = [f"{right}/{weights}" for right in ("1", "segment") for weights in ("none", "int", "real")]


@pytest.fixture
def case(reference_data, reference_values):
    def read(name):
        right, weights = name.split("/")
        options = {"by": None if right == "1" else right, "cluster": "firm"}
        if weights != "none":
            options["weights"] = f"wt_{weights}"
        return reference_values("clustered_curves")[name], reference_data("years"), options

    return read


def beside(table, wanted):
    """Put R's curve beside ours at R's times: it has none where rows end and units go on."""
    both = pd.DataFrame(wanted).merge(table, on=["group", "time"], suffixes=("", "_ours"))
    assert len(both) == len(wanted["time"])
    return both


def close(ours, wanted):
    np.testing.assert_allclose(ours, wanted, rtol=1e-8, atol=1e-12)


@pytest.mark.reference
@pytest.mark.parametrize("name", CASES)
def test_kaplan_meier_with_clusters_is_that_of_r(name, case):
    values, rows, options = case(name)
    both = beside(kaplan_meier(rows, "failure", **options).table, values["km"])
    close(both["survival_ours"], both["survival"])
    close(both["at_risk_ours"], both["at_risk"])
    close(both["std_error_ours"], both["std_error"])
    seen = both["lower"].notna() & (both["std_error"] > 0)
    for limit in ("lower", "upper"):
        close(both.loc[seen, f"{limit}_ours"], both.loc[seen, limit])


@pytest.mark.reference
@pytest.mark.parametrize("name", CASES)
def test_incidence_of_weighted_rows_is_that_of_r(name, case):
    values, rows, options = case(name)
    fates = ["failure", "acquisition"]
    if "weights" in options:  # one weight for each firm, which R needs with several states
        first = rows.groupby("firm")[options["weights"]].transform("first")
        rows = rows.assign(**{options["weights"]: first})
    table = cumulative_incidence(rows, fates, **options).table
    for fate in fates:
        both = beside(table[table["outcome"] == fate], values["fates"])
        close(both["incidence"], both[fate])
        close(both["std_error"], both[f"{fate}_error"])


def cut(rows):
    """Cut each row in two."""
    middle = (rows["start"] + rows["stop"]) / 2
    before = rows.assign(stop=middle, failure=0, acquisition=0)
    return pd.concat([before, rows.assign(start=middle)], ignore_index=True)


@pytest.mark.parametrize(
    "curve",
    [
        lambda rows: kaplan_meier(rows, "failure", weights="wt_real").table,
        lambda rows: cumulative_incidence(rows, ["failure"], weights="wt_real").table,
    ],
)
def test_cutting_the_rows_of_firms_with_broken_weights_changes_no_error(curve, reference_data):
    rows = reference_data("years").rename(columns={"firm": "firm_id"})
    whole, cuts = curve(rows), curve(cut(rows))
    both = whole.merge(cuts, on="time", suffixes=("", "_cut"))
    assert len(both) == len(whole)
    close(both["std_error_cut"], both["std_error"])
    assert (both["std_error"] > 0).any()


def test_overlapping_rows_of_the_unit_are_refused(reference_data):
    rows = reference_data("years")
    twice = pd.concat([rows, rows.iloc[[0]]], ignore_index=True)
    for options in ({"unit": "firm"}, {"unit": "firm", "weights": "wt_real"}):
        with pytest.raises(PanelError, match="rows of one 'firm' overlap"):
            kaplan_meier(twice, "failure", **options)
