"""How likely the recorded next actions are to a real language model that reads the compacted history."""

import sys
from pathlib import Path

# The benchmarks beside this one go by their bare names, as they do for the scripts in that folder.
sys.path.append(str(Path(__file__).resolve().parents[1]))
