"""What lies beside the tables of a release.

In: tables and what they were built with. Out: the manifest, codebook pages, metadata, citations.
Imports panel and facts.
"""
