"""Extracts of firm registers into the tables `firms` and `successions`."""
