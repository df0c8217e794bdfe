"""What is left of a tool's output at the same budget, on real outputs: `python -m benchmarks.reducers`.

`facts` says what counts as a fact of which kind and how much it weighs, `reading` when a result still tells it, `cases`
which outputs there are, `rows` who is compared, `laws` what every result must obey, `speed` how long it takes, `table`
averages and prints. Facts are found by patterns of this package alone; it shares none with the reducers.
"""

import sys
from pathlib import Path

# The benchmarks beside this one go by their bare names, as they do for the scripts in that folder.
sys.path.append(str(Path(__file__).resolve().parents[1]))
