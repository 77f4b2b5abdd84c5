"""Is an effect the same on every fate? Wald tests of equal coefficients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from belbiotech.survival.inference.test_result import TestResult
from belbiotech.survival.inference.variance import chi_square_of
from belbiotech.survival.rows.checks import FloatArray

__all__ = ["equal_effects_table"]


def equal_effects_table(
    params: FloatArray, variance: FloatArray, names: Sequence[str]
) -> pd.DataFrame:
    """Test for each covariate, and for all at once, that the fates' coefficients are equal.

    Parameters
    ----------
    params : array of float, (K, p)
        Coefficients by fate.
    variance : array of float, (K p, K p)
        Their joint variance, fate after fate.
    names : sequence of str, (p,)
        Names of the coefficients.

    Returns
    -------
    DataFrame
        Indexed by covariate and OVERALL; columns statistic, df, p_value.

    References
    ----------
    Lunn and McNeil (1995), Biometrics 51.
    """
    fates, p = params.shape
    # Differences of each later fate from the first.
    fate_contrast = np.hstack([-np.ones((fates - 1, 1)), np.eye(fates - 1)])
    tests = {}
    for j, name in enumerate(names):
        tests[name] = _wald(np.kron(fate_contrast, np.eye(p)[[j]]), params, variance)
    if p:
        tests["OVERALL"] = _wald(np.kron(fate_contrast, np.eye(p)), params, variance)
    table = pd.DataFrame(
        {
            "statistic": [test.statistic for test in tests.values()],
            "df": [test.df for test in tests.values()],
            "p_value": [test.p_value for test in tests.values()],
        },
        index=list(tests),
    )
    return table.rename_axis("covariate")


def _wald(contrast: FloatArray, params: FloatArray, variance: FloatArray) -> TestResult:
    difference = contrast @ params.ravel()
    spread = contrast @ variance @ contrast.T
    return TestResult.chi2(chi_square_of(difference, spread), len(difference), "Wald test")
