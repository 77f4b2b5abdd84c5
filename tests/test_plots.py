import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

from belbiotech import plots

mpl.use("Agg")


@pytest.fixture
def curves():
    return pd.DataFrame(
        {
            "group": ["no alliance"] * 3 + ["alliance"] * 3,
            "time": [1, 2, 4, 1, 3, 4],
            "survival": [0.9, 0.8, 0.5, 1.0, 0.7, 0.7],
            "lower": [0.8, 0.6, 0.2, np.nan, 0.4, 0.4],
            "upper": [0.97, 0.9, 0.8, np.nan, 0.9, 0.9],
            "at_risk": [10, 8, 3, 7, 6, 2],
        }
    )


def texts(axes):
    return [(text.get_position(), text.get_text()) for text in axes.texts]


def test_numbers_at_risk_stand_under_their_ticks(curves):
    figure = plots.step_curves(curves, value="survival", at_risk=curves, title="t")
    axes, below = figure.axes
    ticks = set(np.round(axes.get_xticks(), 6))
    written = texts(below)
    assert {position[0] for position, _ in written} <= ticks
    at = {(position[1], position[0]): text for position, text in written}
    assert at[0, 0.0] == "10"  # the next time is 1, where ten are at risk
    assert at[1, 2.0] == "6"  # the next time of the second group is 3
    assert below.get_xlim() == axes.get_xlim()


def test_one_group_needs_no_legend(curves):
    figure = plots.step_curves(curves[curves["group"] == "alliance"], value="survival")
    assert figure.axes[0].get_legend() is None


@pytest.mark.parametrize("suffix", [".png", ".pdf", ".svg"])
def test_saved_twice_gives_the_same_bytes(curves, tmp_path, suffix):
    files = [
        plots.save(plots.step_curves(curves, value="survival"), tmp_path / f"{name}{suffix}")
        for name in "ab"
    ]
    first, second = (file.read_bytes() for file in files)
    assert first == second


def test_a_line_without_an_estimate_says_so():
    table = pd.DataFrame(
        {
            "group": ["Failure", "Failure"],
            "label": ["active alliances", "vaccines"],
            "estimate": [0.8, np.nan],
            "lower": [0.5, np.nan],
            "upper": [1.3, np.nan],
        }
    )
    figure = plots.forest(table)
    assert [text.get_text().strip() for text in figure.axes[0].texts] == ["not estimated"]
    labels = [tick.get_text() for tick in figure.axes[0].get_yticklabels()]
    assert labels == ["Failure", "active alliances", "vaccines"]


def test_stacked_shares_lie_on_each_other():
    table = pd.DataFrame(
        {
            "group": "all",
            "outcome": ["failure", "failure", "acquisition", "acquisition"],
            "time": [1, 2, 1, 2],
            "incidence": [0.1, 0.2, 0.0, 0.3],
        }
    )
    axes = plots.stacked_incidence(table).axes[0]
    tops = [area.get_paths()[0].vertices[:, 1].max() for area in axes.collections]
    assert tops == pytest.approx([0.2, 0.5])


def test_specifications_stand_in_order_of_their_estimate():
    table = pd.DataFrame(
        {
            "outcome": ["failure", "exit", "exit"],
            "hazard_ratio": [2.0, 0.5, np.nan],
            "lower": [1.1, 0.2, np.nan],
            "upper": [4.0, 1.2, np.nan],
        }
    )
    figure = plots.specification_curve(table, choices=["outcome"])
    drawn = sorted(
        tuple(line.get_ydata()) for line in figure.axes[0].lines if len(line.get_xdata()) == 1
    )
    assert drawn == [(0.5,), (2.0,)]
    assert "2 specifications" in figure.axes[1].get_xlabel()


def test_bars_tell_their_totals():
    table = pd.DataFrame({"segment": ["a", "b", "a"], "firms": [3, 5, 1], "fate": ["x", "x", "y"]})
    axes = plots.bars(table, category="segment", value="firms", group="fate").axes[0]
    assert [text.get_text().strip() for text in axes.texts] == ["4", "5"]


def test_a_panel_for_each_term():
    table = pd.DataFrame({"panel": list("aabb"), "time": [1, 2, 1, 2], "value": [0.1, 0.2, 0.3, 1]})
    figure = plots.scatter_smooth(table)
    assert [axes.get_title(loc="left") for axes in figure.axes if axes.get_visible()] == ["a", "b"]


def test_the_users_settings_stay(curves):
    before = dict(mpl.rcParams)
    plots.step_curves(curves, value="survival")
    assert dict(mpl.rcParams) == before


def test_a_long_title_stays_within_the_axes():
    table = pd.DataFrame(
        {"label": ["a long label " * 3], "estimate": 1.0, "lower": 0.5, "upper": 2}
    )
    title = "Cox models of competing fates: " + " + ".join(["covariate"] * 12)
    axes = plots.forest(table, title=title).axes[0]
    axes.figure.draw_without_rendering()
    (text,) = (t for t in axes.get_children() if getattr(t, "get_text", str)().startswith("Cox"))
    assert text.get_window_extent().width <= axes.get_window_extent().width
    assert " ".join(text.get_text().split()) == title
