"""Hazards in discrete time: what happens within a year.

In: a formula and rows in whole periods. Out: logit and cloglog hazards, models of several fates,
marginal effects, predictions. Imports competing, cox, formulas, inference and rows.
"""
