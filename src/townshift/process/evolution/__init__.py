"""How clusters change: tracks through the years, events of their lives, transitions of places, hot spots in time."""
