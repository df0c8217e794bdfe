"""`python -m compactor`: the command line."""

from __future__ import annotations

from compactor.cli import main

main()
