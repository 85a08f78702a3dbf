"""Metrics, comparison with rivals, statistics, plots and the report."""
