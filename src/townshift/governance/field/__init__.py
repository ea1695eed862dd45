"""Fieldwork: whom a study heard and whom not, who answered whom at a table, and how bargains went."""
