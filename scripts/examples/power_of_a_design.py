"""The power of a design: does it see that an alliance lowers the hazard by 20%."""

import math
import sys

import belbiotech as bb

repetitions = int(sys.argv[1]) if len(sys.argv) > 1 else 500
design = {"hazard": 0.02, "alliance_rate": 0.25, "documentation_delay": 3.0}
found = bb.power(math.log(0.8), n_firms=[100, 300, 900], repetitions=repetitions, **design)
print(found.table[["n_firms", "power", "lower", "upper"]].round(2).to_string(index=False))
