"""The Episode tab: upload, account of cues, timeline, checks, characters."""
