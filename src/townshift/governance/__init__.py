"""Question 2: what governments and other actors did, when, and what they said."""
