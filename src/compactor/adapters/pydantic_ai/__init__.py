"""The adapter for pydantic-ai 1.71 and newer, 2.x included."""
