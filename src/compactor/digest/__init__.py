"""What a compacted history says about its older steps: a digest of lines kept verbatim, files, errors and names.

`identifiers.py` says what a name is, `evidence.py` turns steps into candidate lines, `value.py` weighs names,
`select.py` chooses lines, `files.py` and `failures.py` keep the ledgers, `document.py` renders a digest and reads
one back.
"""
