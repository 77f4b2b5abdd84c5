"""Facts: CSV files in, checked and typed tables out; or all that is wrong with them.

In: a folder of CSV files, a source for each row. Out: `Facts`. Imports nothing but errors.
"""
