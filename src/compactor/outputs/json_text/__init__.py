"""JSON inside texts: found, read with its literals, written within a room; and the columnar form of uniform rows."""
