"""Survival statistics on rows with start, stop and a 0/1 outcome. No firms here."""
