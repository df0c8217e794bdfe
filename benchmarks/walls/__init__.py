"""What happens at a provider's limits: 429s, lost and late requests, failovers: `python -m benchmarks.walls`.

`scenarios` says what the providers allow and what is asked of them, `providers` is the process that plays them,
`worker` a process that sends requests, `controls` who is compared, `runs` plays one row, `table` prints. All share one
`clock`, on which a minute passes in a second.
"""

import sys
from pathlib import Path

# The benchmarks beside this one go by their bare names, as they do for the scripts in that folder.
sys.path.append(str(Path(__file__).resolve().parents[1]))
