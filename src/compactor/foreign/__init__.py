"""Configuration files and variables of other systems, read as values of a policy, or refused by name.

Nothing of them is passed over in silence: what has no counterpart here is named with the reason.
"""
