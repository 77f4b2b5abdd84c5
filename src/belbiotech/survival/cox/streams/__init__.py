"""Cox models of rows that are read in batches: a pass over all of them for each step.

In: rows that an engine or a file holds. Out: totals of the risk sets, a fit, scores of rows. What
is asked of a fit in the room above comes here for such fits.
"""
