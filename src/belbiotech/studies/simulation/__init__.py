"""Lives with a known truth, and whether designs and intervals find it.

In: rules of a world and a seed. Out: panels, facts, shares of intervals that cover. Imports
studies.
"""
