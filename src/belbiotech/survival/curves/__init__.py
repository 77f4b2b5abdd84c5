"""Kaplan-Meier and its kin: curves and tests without a model.

In: checked rows and groups. Out: survival curves, restricted means, log-rank tests, mean
cumulative functions, rates, pseudo-values. Imports inference, rows and plots.
"""
