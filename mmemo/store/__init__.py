"""The workspace: immutable files that machines computed, rows that people said."""
