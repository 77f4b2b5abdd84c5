"""What is predicted is a table as before, and draws itself."""

import pickle

import numpy as np
import pandas as pd
import pytest

import belbiotech as bb
from belbiotech.survival.inference.prediction import Prediction

ACTIVE = "alliances_active_lag1"
FATES = ["failure", "acquisition"]


@pytest.fixture(scope="module")
def panel():
    return bb.simulate_panel(300, seed=1)


@pytest.fixture(scope="module")
def paths():
    ids = ["signs", "signs", "never"]
    return pd.DataFrame({"id": ids, "start": [0, 5, 0], "stop": [5, 9, 9], ACTIVE: [0, 1, 0]})


def legend(figure):
    found = [*figure.legends, figure.axes[0].get_legend()]
    return [text.get_text() for one in found if one for text in one.get_texts()]


@pytest.mark.parametrize("way", ["survival", "hazard"])
def test_a_cox_model_draws_its_paths_with_bands(panel, paths, way):
    fit = bb.cox(f"failure ~ {ACTIVE}", panel)
    made = (
        fit.predict_survival(paths) if way == "survival" else fit.predict_cumulative_hazard(paths)
    )
    assert type(made.table) is pd.DataFrame
    pd.testing.assert_frame_equal(made.table, pd.DataFrame(made))
    figure = made.plot(labels={"signs": "An alliance at age 5"}, title="t")
    assert set(legend(figure)) == {"An alliance at age 5", "never"}
    axes = figure.axes[0]
    assert len(axes.collections) == 2
    drawn = {line.get_xdata()[-1]: line.get_ydata() for line in axes.lines}
    first = 1.0 if way == "survival" else 0.0
    assert all(values[0] == first for values in drawn.values())
    last = made.table.groupby("id")["estimate"].last()
    np.testing.assert_allclose(sorted(line.get_ydata()[-1] for line in axes.lines), sorted(last))


def test_every_model_that_predicts_draws(panel, paths):
    fixed = pd.DataFrame({"region": ["BE-VLG"]}, index=["a"])
    made = [
        bb.discrete_hazard(f"failure ~ {ACTIVE}", panel, baseline="log").predict_survival(paths),
        bb.discrete_hazard_causes(ACTIVE, panel, FATES, baseline="log").predict_incidence(paths),
        bb.piecewise_exponential(f"failure ~ {ACTIVE}", panel, [3]).predict_survival(paths),
        bb.fine_gray("failure ~ C(region)", panel, "acquisition").predict_incidence(fixed),
        bb.aft("failure ~ C(region)", panel).predict_survival(fixed, [1, 5, 9]),
    ]
    for prediction in made:
        assert isinstance(prediction, Prediction)
        assert prediction.plot().axes[0].lines
    assert set(legend(made[1].plot())) == {
        f"{fate}, {path}" for fate in FATES for path in ("signs", "never")
    }


def test_a_prediction_is_a_table_still(panel, paths):
    made = bb.cox(f"failure ~ {ACTIVE}", panel).predict_survival(paths)
    assert made["estimate"].between(0, 1).all()
    assert len(pd.concat([made, made])) == 2 * len(made)
    again = pickle.loads(pickle.dumps(made))
    assert again.kind == made.kind == "survival"
    pd.testing.assert_frame_equal(again.table, made.table)
