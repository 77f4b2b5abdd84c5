"""Firms, alliances and their sources: from facts to a released panel. No statistics here.

In: files of facts, or of registers. Out: tables of a version. Imports errors, never survival.
"""
