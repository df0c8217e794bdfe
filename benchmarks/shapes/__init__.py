"""Whether everything that reads foreign text takes time in proportion to its length, on shapes made to break that.

`texts.py` has the shapes, `rooms/` the functions, `clock.py` measures, `__main__.py` prints the table.
"""
