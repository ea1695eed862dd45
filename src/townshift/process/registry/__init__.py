"""Firm registries: names, addresses and numbers read, establishments cleaned, firm-years and their coverage."""
