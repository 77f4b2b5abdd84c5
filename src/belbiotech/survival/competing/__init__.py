"""Several fates: which comes first, and what moves each.

In: rows with one outcome a fate. Out: cumulative incidence, Gray's test, Cox models of each fate,
Fine and Gray's model. Imports cox and what is below it.
"""
