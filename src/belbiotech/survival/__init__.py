"""Survival statistics on rows with start, stop and a 0/1 outcome. No firms here.

In: a table and names of columns. Out: results. Imports plots and errors, never dataset.
"""
