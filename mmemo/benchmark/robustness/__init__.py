"""How far baseline, student and fusion fall when pictures, lines or training data are tampered with, and what helps."""
