"""Registers: official open files in, as they are published; facts with their source out.

In: zips of KBO/BCE, CORDIS, GLEIF and SIRENE. Out: a folder of facts, and beside them what a
panel of the whole population needs (`register.csv`). Above facts and releases (of which it uses
the staging of folders, and the shipped facts), below catalog.

`register` says what all readers share, `known` lists them; `kbo`, `cordis`, `gleif` and `sirene`
are their doors, `parts` what stands behind; `files` opens what was published.
"""
