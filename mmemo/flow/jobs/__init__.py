"""The job table from the worker's side."""
