"""A folder of source text for an agent: what of it concerns a prompt, its signatures, and many operations in one call.

`context_for` gives what a prompt needs of files, `signature_map` what a workspace defines, `Batch` reads, searches and
edits many files at once, edits all or none. Nothing here is on until it is asked for.
"""
