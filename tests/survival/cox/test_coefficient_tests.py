"""Terms tested as a whole: R's anova and Wald tests, bad input."""

from __future__ import annotations

import numpy as np
import pytest

from belbiotech import cox
from belbiotech.errors import FitError

pytestmark = pytest.mark.filterwarnings("ignore:.*events? of '")

FULL = "failure ~ alliances + C(segment) + size + C(region)"


@pytest.fixture
def years(reference_data):
    return reference_data("years")


@pytest.mark.reference
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_one_after_the_other_as_r_anova(ties, years, reference_values):
    expected = reference_values("cox_designs")["tests"][ties]["sequential"]
    table = cox(FULL, years, ties=ties).anova()
    assert table.index.tolist() == ["NULL", "alliances", "C(segment)", "size", "C(region)"]
    np.testing.assert_allclose(table["log_likelihood"], expected["log_likelihood"], rtol=1e-8)
    for column in ("statistic", "p_value"):
        np.testing.assert_allclose(table[column].iloc[1:], expected[column], rtol=1e-7)
    assert table["df"].iloc[1:].tolist() == expected["df"]


@pytest.mark.reference
@pytest.mark.parametrize("case", ["efron", "breslow", "clustered"])
def test_each_given_all_others(case, years, reference_values):
    expected = reference_values("cox_designs")["tests"][case]
    ties = "breslow" if case == "breslow" else "efron"
    result = cox(FULL, years, ties=ties, cluster="firm" if case == "clustered" else None)
    table = result.anova(test="wald")
    np.testing.assert_allclose(table["statistic"], expected["wald"], rtol=1e-8)
    assert table["df"].tolist() == expected["df"]


def test_parts_add_up_to_the_whole(years):
    result = cox("failure ~ size * alliances + C(segment)", years, strata="region")
    total = result.anova()["statistic"].sum()
    assert total == pytest.approx(result.likelihood_ratio_test.statistic, rel=1e-9)


def test_a_term_of_one_column_has_the_square_of_z(years):
    result = cox("failure ~ size + C(segment)", years, cluster="firm")
    z = result.params["size"] / result.standard_errors["size"]
    assert result.anova("wald").loc["size", "statistic"] == pytest.approx(z**2)


def test_terms_of_one_coefficient_have_its_penalised_test(years):
    """That of several is compared with R in test_firth.py."""
    result = cox("failure ~ size + alliances", years, firth=True)
    found, expected = result.anova(), result.firth.tests
    np.testing.assert_allclose(found["statistic"], expected["statistic"], rtol=1e-9)
    assert found.index.tolist() == expected.index.tolist()


class TestRefused:
    def test_an_unknown_test(self, years):
        with pytest.raises(FitError, match=r"no test 'walt'.*'wald'"):
            cox("failure ~ size", years).anova("walt")

    def test_likelihood_ratios_with_clusters(self, years):
        with pytest.raises(FitError, match="robust errors; use test='wald'"):
            cox("failure ~ size", years, cluster="firm").anova()
