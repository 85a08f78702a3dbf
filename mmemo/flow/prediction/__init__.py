"""Faces of single pictures and clips, and what is shown of them."""
