"""Secrets out of texts. Below every room that keeps, shows or sends a text, because all of them need it."""
