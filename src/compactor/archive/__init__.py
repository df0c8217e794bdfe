"""What compactions take out of histories, kept by content: nothing is lost as long as the archive holds it.

`archive.py` says what an archive is, `keep.py` fills it, `recall.py` gives a step back to the model; a whole history
is rebuilt by the adapter (`restore`), because only it knows the framework's messages.
"""
