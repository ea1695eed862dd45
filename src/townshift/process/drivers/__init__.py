"""What goes along with moves: gravity, destination choice, leaving as competing risks, dated acts."""
