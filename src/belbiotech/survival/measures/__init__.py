"""What fitted Cox models say of a sample: standardised survival.

In: a fitted model and rows. Out: tables. Imports cox and what is below it.
"""
