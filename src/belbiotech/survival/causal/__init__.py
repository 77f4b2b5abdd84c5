"""From association to effect: weights, marginal structural models, emulated trials, g-formula.

In: a panel with an exposure, and formulas of what moves it. Out: weights, models of what would have
been, curves and differences; each function says in its Notes what must be true for its number to be
an effect. Imports states and all rooms below, and plots.
"""
