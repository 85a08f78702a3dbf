"""Many people label at once: is any label lost, and how long does a save take."""
