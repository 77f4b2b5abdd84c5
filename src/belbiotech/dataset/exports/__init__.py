"""A release for other programs: one module for each kind of file.

In: a version. Out: files of CSV, Stata, SPSS, R, SQLite, DuckDB or Excel, each with the codebook.
Imports catalog and what is below it.
"""
