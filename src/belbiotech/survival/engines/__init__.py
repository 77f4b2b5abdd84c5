"""Rows that do not fit in memory: checked, counted and summed where they are.

In: files of Parquet or CSV, a DuckDB relation, a polars LazyFrame, an Ibis table. Out: their
distinct rows, sums of scores by cluster, batches. Ibis writes the queries. Imports rows.
"""
