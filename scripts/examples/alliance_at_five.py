"""Who stays independent: a firm that signs an alliance at age 5, and one that never does."""

import sys
from pathlib import Path

import pandas as pd

import belbiotech as bb
from belbiotech.plots import save

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out/examples")
out.mkdir(parents=True, exist_ok=True)
panel = bb.load_panel("1.0.0").query("observed")
fit = bb.cox("exit ~ alliances_active_lag1", panel, cluster="firm_id")
ages = {"id": ["signs at 5", "signs at 5", "never signs"], "start": [1, 5, 1], "stop": [5, 20, 20]}
curves = fit.predict_survival(pd.DataFrame(ages).assign(alliances_active_lag1=[0, 1, 0]))
print(curves.table.groupby("id").last())
save(curves.plot(y_label="Neither failed nor acquired"), out / "alliance_at_five.png")
