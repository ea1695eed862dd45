"""Example data that a model made: whole studies with a truth that no step reads. Nobody real is in them."""
