"""Station 4: where a request goes, and where it goes instead.

Pure arithmetic: values, clocks, random sources and stores are passed in.
"""
