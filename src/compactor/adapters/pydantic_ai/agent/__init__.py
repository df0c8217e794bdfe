"""`Compactor` in an agent: the framework's hooks, and what of a run they hand on."""
