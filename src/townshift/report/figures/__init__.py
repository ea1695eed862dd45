"""One module per kind of figure; each turns result tables into blocks of the page."""
