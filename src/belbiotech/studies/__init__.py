"""Studies that use both halves: bias audit, specification curve, power, simulation.

In: a panel or a release, and a formula. Out: tables of estimates. Imports dataset, survival and
plots.
"""
