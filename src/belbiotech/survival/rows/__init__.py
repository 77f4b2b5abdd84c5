"""Any table in, checked and counted rows out.

In: a table with ``start``, ``stop``, 0/1 outcomes, and the names of its columns. Out: intervals,
distinct rows with their counts, units and clusters as numbers. Imports nothing but errors.
"""
