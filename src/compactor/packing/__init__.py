"""For whoever puts a prompt together: files and texts into a budget of tokens, each in the form that it is worth.

`pack` gives every item as much room as its kind and the question make it worth, and lets it degrade before it is
dropped: whole, made smaller by its kind (`outputs.shrink`), a capsule, its name. `Profile` holds the weights.
"""
