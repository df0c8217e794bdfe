"""What any running agent needs: the run, its state, and what is done on a request's way; no framework is known here."""
