"""What fitted Cox models say of a sample, and how well: standardised survival, accuracy.

In: a fitted model and rows. Out: tables. Imports cox and what is below it.
"""
