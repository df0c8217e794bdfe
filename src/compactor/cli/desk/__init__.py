"""Commands of whoever puts prompts together: count, compare, pack and search texts before a model sees them."""
