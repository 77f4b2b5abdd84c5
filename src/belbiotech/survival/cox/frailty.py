"""Shared gamma frailty: groups whose hazards differ by a factor that nobody has measured.

The hazard of group g is multiplied by a frailty ``z_g = exp(w_g)``, gamma distributed with mean 1
and variance theta = 1 / nu. Symbols follow Therneau and Grambsch (2000), 9.5: for a given theta the
coefficients b and the log frailties w maximise the penalised partial likelihood
``PPL = l(b, w) + nu sum(w_g - exp(w_g) + 1)``, and theta maximises the marginal likelihood.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from belbiotech.errors import FitError
from belbiotech.survival.cox.fit import CoxFit, FrailtyFit
from belbiotech.survival.cox.maximise import Maximum, fit_at, maximise
from belbiotech.survival.cox.partial_likelihood import Design, linear_predictor, prepare
from belbiotech.survival.cox.penalised_groups import (
    SETTLED,
    Grouped,
    GroupedFit,
    Slopes,
    fit_groups,
)
from belbiotech.survival.cox.residuals import martingale
from belbiotech.survival.cox.rows import CoxModel
from belbiotech.survival.inference.test_result import TestResult
from belbiotech.survival.inference.variance import symmetric_inverse
from belbiotech.survival.rows.checks import FloatArray, IntArray
from belbiotech.survival.rows.counts import DistinctRows

__all__ = ["fit_frailty"]

# Variances at which the marginal likelihood is looked at first; four times more each.
GRID = tuple(0.001 * 4.0**k for k in range(8))
LARGEST = 1e4
LOOKING = 1e-3  # largest last step there, of which the square is left


@dataclass(frozen=True)
class _Marginal:
    """The fit at one theta, with the marginal log likelihood and its slope in theta there."""

    theta: float
    value: float
    slope: float
    beta: FloatArray
    log_frailty: FloatArray
    variance: FloatArray
    slopes: Slopes | None = None


def fit_frailty(model: CoxModel, groups: pd.Series) -> CoxFit:
    """Fit a Cox model with a gamma frailty that a group's rows share.

    Parameters
    ----------
    model : CoxModel
        Counted rows and covariates.
    groups : Series, (n,)
        The group of each row of the data.

    Returns
    -------
    CoxFit
        Its log likelihood is the marginal one (R's I-likelihood), its null log likelihood that
        of a frailty without covariates. Errors are those of the whole penalised information,
        with theta taken as known; they equal R's ``frailty(g, sparse=FALSE)``, while R's default
        for more than five groups leaves out what links one group with another.

    Raises
    ------
    FitError
        A single group, or a variance that grows without bound.

    Notes
    -----
    Delayed entry is as in R: the frailties of those seen are gamma with mean 1 whenever a group
    enters. Where groups had to survive to be seen, the frail among them are gone, and the
    frailty at the start was larger; this likelihood does not condition on that survival (van den
    Berg and Drepper 2016). With weights, the events of a group are counted by their weight.

    References
    ----------
    Klein (1992), Biometrics 48:795-806; Therneau, Grambsch and Pankratz (2003), Journal of
    Computational and Graphical Statistics 12:156-175; Self and Liang (1987), JASA 82:605-610;
    van den Berg and Drepper (2016), Econometric Reviews 35:1075-1098.

    Examples
    --------
    >>> import pandas as pd
    >>> from belbiotech import cox
    >>> rows = pd.DataFrame({"start": 0, "stop": [k % 7 + 1 for k in range(40)]})
    >>> rows["size"] = [k * k % 11 for k in range(40)]
    >>> rows["failure"] = [int(k % 9 < 5) for k in range(40)]
    >>> rows["firm"] = [k % 9 for k in range(40)]
    >>> result = cox("failure ~ size", rows, frailty="firm")
    >>> round(result.frailty.theta, 4), round(result.frailty.test.p_value, 4)
    (1.658, 0.0018)
    """
    codes, labels = pd.factorize(groups, sort=True)
    if len(labels) < 2:
        msg = f"frailty column {groups.name!r} has one value only; it needs groups"
        raise FitError(msg)
    model, group = _split_by_group(model, codes.astype(np.int64))
    matrix = model.matrix
    design, of = _joined(model.design, group)
    sets = prepare(design, model.ties)
    plain = maximise(design, sets, matrix.names, model.centre, references=matrix.references)
    events = np.bincount(of, design.weight * design.event, len(labels)).astype(np.float64)
    grouped = Grouped(design, sets, of, events)
    best = _best(grouped, plain)
    bare = replace(grouped, design=replace(design, x=design.x[:, :0]))
    null = _best(bare, maximise(bare.design, sets, []), best.theta).value
    naive = best.variance if best.theta else symmetric_inverse(plain.at_maximum.information)
    maximum = Maximum(
        best.beta,
        replace(plain.at_maximum, value=best.value),
        replace(plain.at_zero, value=null),
        plain.steps,
    )
    without = plain.at_maximum.value
    index = pd.Index(labels, name=groups.name)
    frailty = FrailtyFit(
        column=str(groups.name),
        theta=best.theta,
        log_likelihood_without=without,
        test=_half_chi2(2 * (best.value - without)),
        effects=pd.Series(np.exp(best.log_frailty), index=index, name="frailty"),
        offset=best.log_frailty[group],
    )
    return replace(
        fit_at(model, prepare(model.design, model.ties), maximum, naive), frailty=frailty
    )


def _split_by_group(model: CoxModel, codes: IntArray) -> tuple[CoxModel, IntArray]:
    """Count rows anew, such that rows of two groups are never counted as one."""
    design, rows = model.design, model.rows
    count = int(codes.max()) + 1
    pairs, row_of = np.unique(rows.row_of * count + codes, return_inverse=True)
    old = pairs // count
    split = Design(
        start=design.start[old],
        stop=design.stop[old],
        event=design.event[old],
        stratum=design.stratum[old],
        x=design.x[old],
        number=np.bincount(row_of, rows.row_number).astype(np.float64),
        weight=np.bincount(row_of, rows.row_weight).astype(np.float64),
        offset=None if design.offset is None else design.offset[old],
    )
    counted = replace(rows, counts=DistinctRows.of(row_of, len(pairs)))
    return replace(model, design=split, rows=counted), pairs % count


def _joined(design: Design, group: IntArray) -> tuple[Design, IntArray]:
    """Join rows of a group that follow on each other with nothing but time going on.

    No sum over a risk set changes, so that no likelihood does; a life in which little changes has
    a few rows in place of one a year.
    """
    offset = np.zeros(len(group)) if design.offset is None else design.offset
    alike = np.column_stack([group, design.stratum, design.weight, offset, design.x])
    order = np.lexsort((design.start, *alike.T[::-1]))
    rows, start, stop = alike[order], design.start[order], design.stop[order]
    goes_on = (rows[1:] == rows[:-1]).all(axis=1) & (start[1:] == stop[:-1])
    goes_on &= ~design.event[order][:-1]
    begins, ends = order[np.r_[True, ~goes_on]], order[np.r_[~goes_on, True]]
    joined = Design(
        start=design.start[begins],
        stop=design.stop[ends],
        event=design.event[ends],
        stratum=design.stratum[begins],
        x=design.x[begins],
        number=design.number[ends],  # as the deaths that are tied there are counted
        weight=design.weight[begins],
        offset=None if design.offset is None else design.offset[begins],
    )
    return joined, group[begins]


def _best(model: Grouped, plain: Maximum, near: float = 0.0) -> _Marginal:
    """Find the variance with the highest marginal likelihood, from 0 on, or near one if it is."""
    if near:
        left = _at(model, near / 4, _without_frailty(model, plain), LOOKING)
        right = _at(model, near * 4, left, LOOKING)
        if left.slope > 0 > right.slope:
            return _between(model, left, right)
    fits = [_without_frailty(model, plain)]
    thetas = list(GRID)
    while thetas:
        fits.append(_at(model, thetas.pop(0), fits[-1], LOOKING))
        if not thetas and fits[-1].value == max(fit.value for fit in fits):
            thetas.append(4 * fits[-1].theta)
        if fits[-1].theta > LARGEST:
            msg = "the variance of the frailty grows without bound: each group fails or not at all"
            raise FitError(msg)
    top = int(np.argmax([fit.value for fit in fits]))
    if top == 0 and fits[0].slope <= 0:
        return fits[0]
    highest = fits[top]
    left, right = (highest, fits[top + 1]) if highest.slope > 0 else (fits[top - 1], highest)
    if left.slope <= 0 or right.slope >= 0:
        msg = "the likelihood of the frailty's variance has several maxima; simplify the model"
        raise FitError(msg)

    return _between(model, left, right)


def _between(model: Grouped, left: _Marginal, right: _Marginal) -> _Marginal:
    """Find the variance between two at which the slope of the marginal likelihood is 0."""
    from scipy.optimize import toms748

    tried = [right]

    def slope(theta: float) -> float:
        for end in (left, right):
            if theta == end.theta:
                return end.slope
        tried.append(_at(model, theta, tried[-1]))
        return tried[-1].slope

    theta = float(toms748(slope, left.theta, right.theta, xtol=1e-14, rtol=1e-11, k=1))
    return _at(model, theta, tried[-1], errors=True)


def _without_frailty(model: Grouped, plain: Maximum) -> _Marginal:
    """Give the fit with theta = 0, where the slope is the score test of Commenges and Andersen.

    With E_g the expected events of group g it is ``sum((d_g - E_g)^2 - d_g) / 2``.
    """
    design = model.design
    risk = np.exp(linear_predictor(design.x.T, plain.beta, design.offset))
    left = model.design.weight * martingale(model.design, model.sets, risk)
    by_group = np.bincount(model.group, left, len(model.events))
    return _Marginal(
        theta=0.0,
        value=plain.at_maximum.value,
        slope=float(np.sum(by_group**2 - model.events) / 2),
        beta=plain.beta,
        log_frailty=np.zeros(len(model.events)),
        variance=np.zeros((len(plain.beta), len(plain.beta))),
    )


def _at(
    model: Grouped,
    theta: float,
    begin: _Marginal,
    settled: float = SETTLED,
    *,
    errors: bool = False,
) -> _Marginal:
    """Fit with one theta: ``L = PPL + sum(log Gamma(nu + d) / Gamma(nu) - d log nu + ...)``.

    The sum is over groups with their d events (Therneau and Grambsch 2000, 9.6); since PPL is at
    its maximum, only its penalty depends on nu itself.
    """
    from scipy.special import digamma, gammaln

    fit: GroupedFit = fit_groups(
        model, theta, begin.beta, begin.log_frailty, begin.slopes, settled=settled, errors=errors
    )
    nu, d, w = 1 / theta, model.events, fit.log_frailty
    shrink = np.log1p(d / nu)
    value = gammaln(nu + d) - gammaln(nu) - d * np.log(nu) - (nu + d) * shrink + d
    slope = digamma(nu + d) - digamma(nu) - shrink + w - np.exp(w) + 1
    return _Marginal(
        theta=theta,
        value=fit.value + float(np.sum(value)),
        slope=-(nu**2) * float(np.sum(slope)),
        beta=fit.beta,
        log_frailty=w,
        variance=fit.variance,
        slopes=fit.slopes,
    )


def _half_chi2(statistic: float) -> TestResult:
    """Mixture of a point at 0 and chi-squared with 1 df, half each."""
    whole = TestResult.chi2(max(statistic, 0.0), 1, "No frailty (theta = 0)")
    return replace(whole, p_value=whole.p_value / 2 if statistic > 0 else 1.0)
