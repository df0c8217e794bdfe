"""Station 4: what a provider still has to give: limits, the windows they hold for, and pauses after refusals.

Pure arithmetic: values, clocks, random sources and stores are passed in.
"""
