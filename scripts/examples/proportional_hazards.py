"""Does an effect change with the firm's age? The test, and the figure that shows it."""

import sys
from pathlib import Path

import belbiotech as bb
from belbiotech.plots import save

out = Path(sys.argv[1] if len(sys.argv) > 1 else "out/examples")
out.mkdir(parents=True, exist_ok=True)
panel = bb.load_panel("1.0.0").query("observed")
fit = bb.cox("acquisition ~ alliances_active_lag1 + listed_lag1", panel, cluster="firm_id")
print(fit.test_proportional_hazards())
figure = fit.plot_proportional_hazards(x_label="Age in years")
save(figure, out / "proportional_hazards.png")
