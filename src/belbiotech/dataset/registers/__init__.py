"""Registers: official open files in, as they are published; facts with their source out.

In: zips of KBO/BCE, CORDIS, GLEIF and SIRENE. Out: a folder of facts, and beside them what a
panel of the whole population needs (`register.csv`). Imports facts, and of releases the staging.
"""
