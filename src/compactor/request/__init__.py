"""Station 3: what a request is for, and how many tokens its answer may take."""
