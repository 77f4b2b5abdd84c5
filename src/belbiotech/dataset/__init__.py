"""Firms, alliances and their sources: from facts to a released panel. No statistics here."""
