"""The Export tab: files to take away, each with its data sheet."""
