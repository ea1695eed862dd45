"""Where moves went: origin, destination, year and mode, first and further hops."""
