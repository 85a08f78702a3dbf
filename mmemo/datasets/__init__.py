"""Readers for datasets, one module each, and simulated episodes."""
