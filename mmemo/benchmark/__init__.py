"""Repeatable experiments: one module a benchmark, run by `python -m pipelines.benchmark NAME`."""
