"""What an agent can still answer after a compaction, by class of question: `python -m benchmarks.probes`.

`harvest` takes questions with spans that a program checks out of the part of recorded sessions that no window keeps,
`planted` puts rules, refusals, answers and changed values there, `reading` checks an answer, `rows` says who is
compared (with controls that know nothing). It prints shares by class with their intervals, never one number.
"""

import sys
from pathlib import Path

# The benchmarks beside this one go by their bare names, as they do for the scripts in that folder.
sys.path.append(str(Path(__file__).resolve().parents[1]))
