import numpy as np
import pandas as pd
import pytest

from belbiotech.errors import FitError, PanelError
from belbiotech.survival.rows.clusters import as_cluster_columns, cluster_codes
from belbiotech.survival.rows.units import refuse_overlaps

ROWS = pd.DataFrame(
    {
        "firm": ["a", "a", "b", "b"],
        "region": ["x", "x", "x", "x"],
        "start": [0, 1, 0, 1],
        "stop": [1, 2, 1, 2],
        "failure": [0, 1, 0, 0],
    }
)


def test_columns_of_clusters():
    assert as_cluster_columns(None) == ()
    assert as_cluster_columns("firm") == ("firm",)
    assert as_cluster_columns(["firm", "year"]) == ("firm", "year")
    with pytest.raises(FitError, match="one column or two, not 3"):
        as_cluster_columns(["a", "b", "c"])


def test_codes():
    firm, age = cluster_codes(ROWS, ["firm", "start"])
    assert firm.tolist() == [0, 0, 1, 1]
    assert age.tolist() == [0, 1, 0, 1]
    with pytest.raises(FitError, match="cluster column 'region' has one value only, 'x'"):
        cluster_codes(ROWS, ["firm", "region"])


@pytest.mark.parametrize("kind", ["int8", "int16", "int64", "float64"])
def test_times_of_any_type_show_overlaps(kind):
    """From -100 to 100 is further than an int8 holds."""
    rows = pd.DataFrame({"unit": list("aabbcc"), "start": -100, "stop": 100})
    rows["start"] = [-100, 99, -100, 0, -100, 0]
    rows["stop"] = [99, 100, 0, 100, 0, 100]
    clean = rows.astype({"start": kind, "stop": kind})
    refuse_overlaps(clean, "unit", "start", "stop")
    overlapping = clean.assign(start=np.array([-100, 98, -100, 0, -100, 0], dtype=kind))
    with pytest.raises(PanelError, match="'unit' overlap in time"):
        refuse_overlaps(overlapping, "unit", "start", "stop")


def test_a_single_cluster_is_shown_as_the_user_wrote_it():
    with pytest.raises(FitError, match="one value only, 1: errors"):
        cluster_codes(ROWS.assign(k=1), ["k"])
