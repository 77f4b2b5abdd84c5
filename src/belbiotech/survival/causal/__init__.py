"""From association to effect: weights, marginal structural models, emulated trials, g-formula.

Each function says in its Notes what must be true for its number to be an effect.
"""
