"""Kaplan-Meier by listing, with numbers at risk and a log-rank test."""

import sys
from pathlib import Path

import belbiotech as bb
from belbiotech.plots import save

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out/examples")
out.mkdir(parents=True, exist_ok=True)
panel = bb.load_panel("1.0.0").query("observed")
curves = bb.kaplan_meier(panel, "exit", by="listed_lag1")
print(curves, bb.logrank_test(panel, "exit", by="listed_lag1"), sep="\n\n")
save(curves.plot(title="Neither failed nor acquired"), out / "survival_curves.png")
