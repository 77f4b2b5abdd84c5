"""The Cox model, from counted rows to what is asked of a fit.

In: a formula and rows. Out: a fit, at the bottom of the room, and functions of it (residuals,
tests, predictions); the result that users hold stands on top. Imports curves, formulas, inference
and rows.
"""
