"""Releases: a version written, numbered, kept, fetched, and checked.

In: tables. Out: folders of Parquet files with a manifest, which never change. Imports documents,
panel and facts.
"""
