"""What may leave a study: consent, quotes without persons, cells that are not too small."""
