"""The Train tab: recipes, live curves, the matrix from text to face, and the list of runs."""
