"""How concentrated an industry is: by distance between establishments, by area, and by the shape of its spread."""
