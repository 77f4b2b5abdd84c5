"""Cox models with errors clustered by firm, without and with controls, as a Word table."""

import sys
from pathlib import Path

import belbiotech as bb

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out/examples")
out.mkdir(parents=True, exist_ok=True)
panel = bb.load_panel("1.0.0").query("observed")
right = "acquisition ~ alliances_active_lag1"
models = [bb.cox(right + more, panel, cluster="firm_id") for more in ("", " + listed_lag1")]
table = bb.regression_table(models, names=["(1)", "(2)"], title="Hazard of acquisition")
print(table)
table.to_word(out / "cox.docx")
