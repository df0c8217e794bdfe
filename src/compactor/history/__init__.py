"""Station 2, the history: messages as a tree that cannot lose one half of a tool pair.

`message.py` is the neutral view, `turns.py` the tree, `parse.py` builds it (and repairs what arrives broken),
`track.py` does so once per message over a whole run, `write.py` turns the tree back into messages, `rules.py`
checks the laws, `reasoning.py` holds what providers demand of thinking, `changes.py` derives what was removed.
"""
