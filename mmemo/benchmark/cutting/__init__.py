"""Speed and memory of the cut."""
