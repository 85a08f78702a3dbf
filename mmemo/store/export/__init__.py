"""Formats for labels, faces, films and students: each turns plain tables into files, and knows nothing else."""
