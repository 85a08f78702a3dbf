"""The text teacher: its opinions on lines, its quality, its training."""
