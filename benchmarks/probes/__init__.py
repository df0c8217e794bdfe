"""What an agent can still answer after a compaction, by class of question: `python -m benchmarks.probes`.

`harvest` takes questions with spans that a program checks out of the part of recorded sessions that no window keeps,
`planted` puts rules, refusals, answers and changed values there, `reading` checks an answer, `rows` says who is compared
(with controls that know nothing), `table` prints shares by class with their intervals, never one number.
"""
