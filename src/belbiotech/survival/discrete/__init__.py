"""Hazards in discrete time: what happens within a year.

In: a formula and rows in whole periods. Out: logit and cloglog hazards, models of several fates:
a fit, marginal effects and predictions of it, the result on top. Imports competing, cox and what
is below them.
"""
