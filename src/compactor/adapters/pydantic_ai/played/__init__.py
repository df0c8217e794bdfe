"""A recorded session played again by a real agent, for the demo and for replays."""
