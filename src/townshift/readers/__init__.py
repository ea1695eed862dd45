"""Foreign formats into study tables: each reader streams, sets aside what it cannot read, and returns a loss report."""
