"""What is left of what test runners, compilers and linters print, and of logs: `python -m benchmarks.runners`.

`outputs` holds what they printed on small projects that fail on purpose (`record.sh` says how), and in `expected.json`
which names, first error lines and totals each has; `published` those that were not run here; `logs` writes logs of
twenty families with one alarm at a random place. `score` counts what is left.
"""
