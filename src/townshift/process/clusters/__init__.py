"""Where exactly an industry is concentrated: its clusters as areas, by year, and what stands inside the town."""
