"""Failure and acquisition as competing fates: incidence, and a Cox model of the latter."""

import sys
from pathlib import Path

import belbiotech as bb
from belbiotech.plots import save

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out/examples")
out.mkdir(parents=True, exist_ok=True)
panel = bb.load_panel("1.0.0").query("observed")
fates = ["failure", "acquisition"]
incidence = bb.cumulative_incidence(panel, fates)
print(incidence.incidence_at([10, 20]))
print(bb.cox("acquisition ~ alliances_active_lag1", panel, cluster="firm_id").to_markdown())
save(incidence.plot(stacked=True, title="What becomes of the firms"), out / "incidence.png")
