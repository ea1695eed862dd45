"""Evidence: reconciled series, claims and their verdicts. Knows no file, study or engine."""
