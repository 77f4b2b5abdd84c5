"""From your own facts to a panel: five CSV files, laid out as those in data/raw."""

import sys

import belbiotech as bb

facts = bb.read_facts(sys.argv[1] if len(sys.argv) > 1 else "data/raw")
tables = bb.build(facts, end_year=2020, alliance_window=3)
panel = tables.firm_year
print(f"{panel['firm_id'].nunique()} firms, {len(panel)} firm-years, to {panel['year'].max()}")
faults = bb.check_panel(panel, unit="firm_id", outcome=["failure", "acquisition"])
print(f"{len(faults)} faults of the panel")
