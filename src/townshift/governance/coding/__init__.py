"""What was coded in documents: how often, together with what, and how well coders agree."""
