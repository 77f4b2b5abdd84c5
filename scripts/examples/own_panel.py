"""From your own panel to a Cox model: any firms, any columns. The file is simulated fintechs."""

import sys
from pathlib import Path

import pandas as pd

import belbiotech as bb

here = Path(__file__).parent
panel = pd.read_csv(sys.argv[1] if len(sys.argv) > 1 else here / "fintechs.csv")
panel["begin"] = panel["year"] - panel["founded"]  # at risk in (begin, end], in years of age
panel["end"] = panel["begin"] + 1
options = {"cluster": "fintech", "start": "begin", "stop": "end"}
result = bb.cox("closed ~ bank_partners + C(country)", panel, **options)
print(result)
print(result.test_proportional_hazards())
