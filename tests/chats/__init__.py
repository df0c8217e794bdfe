"""Chats without tools: what a person said in them, and what has to be known of it after a compaction."""
