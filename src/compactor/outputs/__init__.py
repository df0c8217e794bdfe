"""Station 1: what a tool returned is brought within its allowance when it is born, by what it is.

`detect` says what a text is, the table `reducers.REDUCERS` names the pure function that makes such a text smaller, and
`shrink` puts them together: redact, clean, detect, reduce, check.
"""
