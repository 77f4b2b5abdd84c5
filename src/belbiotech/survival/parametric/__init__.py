"""Parametric models: accelerated failure times, and a hazard constant between given times.

In: a formula and rows. Out: Weibull, log-normal and log-logistic fits, compared; piecewise
exponential fits. Imports discrete, cox and what is below them.
"""
