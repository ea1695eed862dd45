"""Question 1: how the industry grew, spread over land and moved. Measures know no file, engine or study."""
