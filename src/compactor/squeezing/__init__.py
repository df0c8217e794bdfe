"""Values made smaller without losing any: what goes in comes out again, to the last bit.

`squeeze` makes a value smaller, `unsqueeze` gives it back; `steps` has the order as data.
"""
