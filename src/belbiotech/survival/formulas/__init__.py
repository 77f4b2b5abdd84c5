"""A formula in, the numbers of its covariates out.

In: a text as R writes it and a table or its distinct rows. Out: a matrix that can be made again on
new rows. Imports rows.
"""
