"""What an agent still knows after a compaction, measured on recorded sessions: `python -m benchmarks.retention`.

`grammar` says what an identifier is, `measure` what is counted, `facts` how users' words, files and errors are found,
`rows` who is compared, `chain` repeats compactions, `table` averages and prints.
"""

from .measure import Case, Score, prepare, prepare_at, score
from .sessions import Recorded, recorded

__all__ = ['Case', 'Recorded', 'Score', 'prepare', 'prepare_at', 'recorded', 'score']
