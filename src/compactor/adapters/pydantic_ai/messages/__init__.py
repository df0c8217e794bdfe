"""pydantic-ai's messages: read, written, kept in the archive; no agent runs here."""
