"""Accelerated failure times: distributions for the whole length of life.

In: a formula and rows with constant covariates. Out: Weibull, log-normal and log-logistic fits,
compared. Imports discrete, cox and what is below them.
"""
