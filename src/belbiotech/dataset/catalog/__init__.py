"""What a user asks of releases: tables, sources, conflicts, differences.

In: a version. Out: DataFrames, and texts about them. Imports releases and what is below them.
"""
