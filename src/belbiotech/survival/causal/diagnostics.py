"""May one go on with these weights? Their means by age, who carries them, positivity, balance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from belbiotech.survival.formulas.design import design_matrix
from belbiotech.survival.formulas.formula import Formula
from belbiotech.survival.inference.limits import normal_quantile
from belbiotech.survival.rows.checks import FloatArray

__all__ = ["balance_table", "by_time", "effective_size", "heaviest_unit", "positivity_table"]

FEW_VALUES = 8  # a number with more is cut in quarters where cells are counted
BANDS = 4  # of time, in the table of balance
LIKE_AGES = 50  # with more times, those next to each other count as one age


def effective_size(weight: FloatArray) -> float:
    """Give Kish's effective number of rows, (sum w)^2 / sum w^2."""
    return float(weight.sum() ** 2 / (weight**2).sum())


def by_time(weight: FloatArray, time: FloatArray, conf_level: float = 0.95) -> pd.DataFrame:
    """Describe weights at each time.

    Parameters
    ----------
    weight, time : array of float, (n,)
        The weight of each row, and its beginning.
    conf_level : float
        Of the mean's interval.

    Returns
    -------
    DataFrame
        Columns time, rows, mean, lower, upper, median, least, most, effective.
    """
    z = normal_quantile(conf_level)
    parts = []
    for t, w in pd.Series(weight).groupby(time):
        error = w.std() / np.sqrt(len(w)) if len(w) > 1 else np.nan
        parts.append(
            {
                "time": t,
                "rows": len(w),
                "mean": w.mean(),
                "lower": w.mean() - z * error,
                "upper": w.mean() + z * error,
                "median": w.median(),
                "least": w.min(),
                "most": w.max(),
                "effective": effective_size(np.asarray(w, dtype=np.float64)),
            }
        )
    return pd.DataFrame(parts)


def heaviest_unit(
    weight: FloatArray, unit: NDArray[np.int64], labels: NDArray[np.object_]
) -> tuple[object, float, float]:
    """Find the unit with the largest share of all weight.

    Parameters
    ----------
    weight : array of float, (n,)
        Of each row.
    unit : array of int, (n,)
        Its unit.
    labels : array, (units,)
        Their names.

    Returns
    -------
    object, float, float
        Its name, its share of the weight, and its share of the rows.
    """
    total = np.bincount(unit, weight)
    k = int(np.argmax(total))
    return labels[k], float(total[k] / total.sum()), float((unit == k).mean())


def positivity_table(
    table: pd.DataFrame, columns: Sequence[str], exposed: FloatArray
) -> pd.DataFrame:
    """Count exposed rows in each cell of the covariates.

    Parameters
    ----------
    table : DataFrame, (n, k)
        Rows in which the exposure could differ.
    columns : sequence of str
        The covariates; numbers with many values are cut in quarters.
    exposed : array of float, (n,)
        The exposure: 0 is none.

    Returns
    -------
    DataFrame
        The cells, with rows, exposed, share, and ``certain``: "nobody" or "everybody" exposed, or
        "". The certain ones come first, the largest of them on top.
    """
    cells = [_cut(table[name]) for name in columns]
    if not columns:
        cells = [pd.Series("all", index=table.index, name="all")]
    some = pd.Series((exposed > 0).astype(int), index=table.index)
    counted = some.groupby(cells, observed=True).agg(["size", "sum"])
    numbers = pd.DataFrame({"rows": counted["size"], "exposed": counted["sum"]})
    numbers["share"] = numbers["exposed"] / numbers["rows"]
    numbers["certain"] = np.select(
        [numbers["exposed"] == 0, numbers["exposed"] == numbers["rows"]],
        ["nobody", "everybody"],
        "",
    )
    order = np.lexsort((-numbers["rows"], numbers["certain"] == ""))
    # Beside each other, not inserted: a covariate may be called "rows" or "size", too.
    names = counted.index.to_frame(index=False)
    table_of_cells = pd.concat([names, numbers.reset_index(drop=True)], axis=1)
    return table_of_cells.iloc[order].reset_index(drop=True)


def _cut(column: pd.Series) -> pd.Series:
    """Give a column's values, or quarters of them where there are many."""
    if not pd.api.types.is_numeric_dtype(column) or column.nunique() <= FEW_VALUES:
        return column
    values = column.to_numpy(dtype=float)
    edges = np.unique(np.quantile(values, [0, 0.25, 0.5, 0.75, 1]))
    place = np.clip(np.searchsorted(edges, values, side="left") - 1, 0, max(len(edges) - 2, 0))
    names = [f"{low:g} to {high:g}" for low, high in zip(edges[:-1], edges[1:], strict=True)]
    return pd.Series(np.array(names, dtype=object)[place], index=column.index, name=column.name)


def balance_table(
    table: pd.DataFrame,
    formula: Formula,
    exposed: FloatArray,
    time: FloatArray,
    weight: FloatArray,
) -> pd.DataFrame:
    """Compare the covariates of exposed and other rows, before and after weighting, by age.

    Parameters
    ----------
    table : DataFrame, (n, k)
        Rows in which the exposure could differ.
    formula : Formula
        The covariates.
    exposed, time, weight : array of float, (n,)
        The exposure, each row's beginning, and its weight.

    Returns
    -------
    DataFrame
        Columns covariate, ages ("all", then up to four bands), before, after: differences of the
        means in standard deviations of all rows before weighting. NaN where a side is empty.

    Notes
    -----
    Exposed are compared with others of the same age, since the exposure may go with age in the
    weighted rows too (a numerator with time): with n_t exposed rows at age t and a difference
    d_t, the difference is sum n_t d_t / sum n_t over ages at which there are both.
    """
    matrix = design_matrix(formula, table)
    spread = matrix.x.std(axis=0)
    scale = np.where(spread > 0, spread, np.nan)
    place = _parts(time, BANDS)
    different, age = np.unique(time, return_inverse=True)
    if len(different) > LIKE_AGES:
        age = _parts(time, LIKE_AGES)
    bands = [("all", np.ones(len(time), dtype=bool))]
    for k in np.unique(place):
        here = place == k
        low, high = time[here].min(), time[here].max()
        bands.append((f"{low:g}" if low == high else f"{low:g} to {high:g}", here))
    parts = []
    for name, here in bands:
        own = (matrix.x[here], exposed[here] > 0, age[here])
        before = _differences(*own, np.ones(int(here.sum())))
        after = _differences(*own, weight[here])
        parts.append(
            pd.DataFrame(
                {
                    "covariate": list(matrix.names),
                    "ages": name,
                    "before": before / scale,
                    "after": after / scale,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _parts(time: FloatArray, number: int) -> NDArray[np.intp]:
    """Cut time at its quantiles; give the part of each row."""
    edges = np.unique(np.quantile(time, np.linspace(0, 1, number + 1)))
    place = np.searchsorted(edges, time, side="right") - 1
    return np.clip(place, 0, max(len(edges) - 2, 0))


def _differences(
    x: FloatArray, exposed: NDArray[np.bool_], age: NDArray[np.intp], weight: FloatArray
) -> FloatArray:
    """Mean of the exposed minus mean of others of the same age, (p,)."""
    number = np.bincount(age, exposed)
    both = (number > 0) & (np.bincount(age, ~exposed) > 0)
    if not both.any():
        return np.full(x.shape[1], np.nan)
    total = np.zeros(x.shape[1])
    for k in np.flatnonzero(both):
        with_it, without = (age == k) & exposed, (age == k) & ~exposed
        means = [np.average(x[side], axis=0, weights=weight[side]) for side in (with_it, without)]
        total += number[k] * (means[0] - means[1])
    difference: FloatArray = total / number[both].sum()
    return difference
