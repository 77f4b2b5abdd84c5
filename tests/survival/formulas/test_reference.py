"""Terms of formulas against R: natural splines, offsets, polynomials, intervals, rounding."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from belbiotech import BelbiotechWarning, FitError, cox, discrete_hazard
from belbiotech.survival.formulas.rounding import round_half_even

RIGHT = {
    "ns4": "ns(size, df=4) + alliances",
    "ns3": "ns(stop - alliances, df=3)",
    "ns_knots": "ns(size, knots=[-0.5, 0.5], boundary_knots=[-2, 2])",
    "bs5": "bs(size, df=5)",
    "poly3": "poly(size, 3)",
    "cut": "cut(size, [-10, -0.5, 0.25, 10])",
    "rounded": "round(size, 1)",
    "offset": "alliances + offset(size / 2)",
    "offset_only": "offset(log(alliances + 2))",
    "cubic": "I(year_of) + I(year_of**2) + I(year_of**3)",
}


@pytest.fixture(scope="session")
def expected(reference_values):
    return reference_values("formulas")


@pytest.fixture(scope="session")
def rows(reference_data):
    years = reference_data("years")
    return years.assign(year_of=years["start"] + 1990 + years["alliances"])


@pytest.mark.parametrize("name", RIGHT)
def test_terms_are_those_of_r(name, expected, rows):
    result = cox(f"failure ~ {RIGHT[name]}", rows)
    told = expected["cox"][name]
    assert result.log_likelihood == pytest.approx(told["log_likelihood"], rel=1e-10)
    if name == "cubic":  # R itself keeps seven digits here: see the test of the same polynomial
        return
    np.testing.assert_allclose(result.params, told["params"], rtol=1e-8)
    np.testing.assert_allclose(result.standard_errors, told["standard_errors"], rtol=1e-8)


def test_a_natural_spline_goes_on_as_a_line(expected, rows):
    result = cox("failure ~ ns(size, df=4) + alliances", rows)
    at = pd.DataFrame({name: expected["beyond"][name] for name in ("size", "alliances")})
    lp = result.predict("lp", at, reference="zero")["estimate"]
    np.testing.assert_allclose(lp, expected["beyond"]["lp"], rtol=1e-8)


def test_an_offset_is_in_all_that_follows(expected, rows):
    told = expected["predicted"]
    result = cox("failure ~ alliances + offset(size / 2)", rows)
    new = pd.DataFrame({"alliances": [0, 2], "size": [-1.0, 1.0], "start": [0, 1], "stop": [3, 4]})
    for kind in ("lp", "expected"):
        found = result.predict(kind, new, reference="zero")["estimate"]
        np.testing.assert_allclose(found, told[kind], rtol=1e-8)
    np.testing.assert_allclose(result.predict("lp")["estimate"], told["of_rows"], rtol=1e-8)
    # R takes the mean offset off the rows of the fit, and not off new ones: here off both
    mean = rows["size"].mean() / 2
    found = result.predict("lp", new)["estimate"] + mean
    np.testing.assert_allclose(found, told["sample"], rtol=1e-8)
    again = result.predict("lp", rows)["estimate"]
    np.testing.assert_allclose(again, result.predict("lp")["estimate"], rtol=1e-12, atol=1e-14)
    for kind in ("martingale", "score"):
        found = np.asarray(result.residuals(kind), dtype=float).ravel()
        np.testing.assert_allclose(found, told[kind], rtol=1e-8, atol=1e-10)
    robust = cox("failure ~ alliances + offset(size / 2)", rows, cluster="firm")
    assert robust.standard_errors.iloc[0] == pytest.approx(told["robust"], rel=1e-8)
    path = pd.DataFrame({"start": [0], "stop": [told["time"][-1]], "alliances": [1], "size": [0.8]})
    curve = result.predict_survival(path).set_index("time")["estimate"]
    known = pd.Series(told["survival"], index=told["time"])
    np.testing.assert_allclose(curve.reindex(known.index), known, rtol=1e-8)


@pytest.mark.parametrize("link", ["cloglog", "logit"])
def test_an_offset_of_a_discrete_hazard(link, expected, rows):
    told = expected["discrete"][link]
    result = discrete_hazard(
        "failure ~ alliances + offset(size / 2)", rows, link=link, baseline="log"
    )
    np.testing.assert_allclose(result.params, told["params"], rtol=1e-8)
    np.testing.assert_allclose(result.standard_errors, told["standard_errors"], rtol=1e-7)
    assert result.log_likelihood == pytest.approx(told["log_likelihood"], rel=1e-10)
    path = pd.DataFrame({"start": [2], "stop": [3], "alliances": [1], "size": [0.6]})
    eta = result.params.to_numpy() @ [1, 1, np.log(3)] + 0.3
    hazard = -np.expm1(-np.exp(eta)) if link == "cloglog" else 1 / (1 + np.exp(-eta))
    assert result.predict_hazard(path)["estimate"].iloc[0] == pytest.approx(hazard, rel=1e-12)


def test_a_constant_offset_changes_nothing(rows):
    plain, moved = (cox(f"failure ~ alliances{more}", rows) for more in ("", " + offset(I(3))"))
    np.testing.assert_allclose(moved.params, plain.params, rtol=1e-10)


def test_rounding_is_that_of_r(expected):
    told = expected["rounding"]
    for x, digits, rounded in zip(told["x"], told["digits"], told["rounded"], strict=True):
        assert round_half_even(np.array([x]), int(digits))[0] == rounded, (x, digits)


def test_a_level_without_an_event_leaves_the_others_as_in_r(expected, rows):
    told = expected["quiet"]
    quiet = (rows["alliances"] == 2) & (rows["failure"] == 0)
    era = np.where(quiet, "quiet", np.where(rows["size"] > 0, "late", "early"))
    words = (
        rf"no event with era = quiet \({told['rows']:,d} rows\): not estimable.*minus infinity.*"
        "strata=.*firth=True"
    )
    with pytest.warns(BelbiotechWarning, match=words):
        result = cox("failure ~ C(era) + size", rows.assign(era=era))
    assert result.params["C(era)[T.quiet]"] == -np.inf
    assert np.isnan(result.standard_errors["C(era)[T.quiet]"])
    assert result.summary.loc["C(era)[T.quiet]", "exp(coef)"] == 0
    seen = ["C(era)[T.late]", "size"]
    np.testing.assert_allclose(result.params[seen], told["params"], rtol=1e-8)
    np.testing.assert_allclose(result.standard_errors[seen], told["standard_errors"], rtol=1e-8)
    assert result.log_likelihood == pytest.approx(told["log_likelihood"], rel=1e-10)
    path = pd.DataFrame({"start": [0], "stop": [5], "era": ["quiet"], "size": [0.2]})
    assert (result.predict_survival(path)["estimate"] == 1).all()
    assert np.isfinite(result.residuals("martingale")).all()
    assert "No event with era = quiet" in str(result)
    assert result.anova() is not None
    with pytest.warns(BelbiotechWarning, match="no event with"):
        crossed = cox("failure ~ C(era) * size", rows.assign(era=era))
    assert np.isnan(crossed.params["C(era)[T.quiet]:size"])


def test_powers_of_a_year_keep_their_digits(rows):
    """Raw powers are told by those of the distance from a year: the cubic's coefficient is one."""
    raw = cox("failure ~ I(year_of) + I(year_of**2) + I(year_of**3)", rows)
    near = cox("failure ~ I(c) + I(c**2) + I(c**3)", rows.assign(c=rows["year_of"] - 1996))
    a, b, c = near.params
    expected = [a - 2 * 1996 * b + 3 * 1996**2 * c, b - 3 * 1996 * c, c]
    np.testing.assert_allclose(raw.params, expected, rtol=1e-8)
    assert raw.standard_errors.iloc[2] == pytest.approx(near.standard_errors.iloc[2], rel=1e-8)


def test_a_small_difference_beside_a_large_one_is_fitted(rows):
    """R's limit for what is collinear: 10 plus or minus 1e-4 times a factor is not."""
    big = np.where(rows["segment"] == "agro", 10.0, 0.0)
    small = np.where(rows["size"] > 0, 1e-4, -1e-4)
    table = rows.assign(big=big, both=big + small, above=(rows["size"] > 0).astype(float))
    result = cox("failure ~ big + both", table)
    plain = cox("failure ~ big + above", table)
    z = result.params["both"] / result.standard_errors["both"]
    expected = plain.params["above"] / plain.standard_errors["above"]
    assert z == pytest.approx(expected, rel=1e-6)
    with pytest.raises(FitError, match="collinear"):
        cox("failure ~ big + both", table.assign(both=3 * big))
