"""How likely the recorded next actions are to a real language model that reads the compacted history."""
