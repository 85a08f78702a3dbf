"""Thin commands, one a stage: parse, call the library, print."""
