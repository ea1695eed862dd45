"""Question 3: what a record holds on work and workers, and what it lacks."""
