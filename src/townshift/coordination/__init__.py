"""Question 4: whether the linked places draw level and who depends on whom. Measures know no file, engine or study."""
