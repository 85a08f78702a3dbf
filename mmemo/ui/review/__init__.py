"""The Review tab: the grid and one face in full, with keys that save."""
