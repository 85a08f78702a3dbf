"""Runs of students: judged, reported, listed, noted, promoted."""
