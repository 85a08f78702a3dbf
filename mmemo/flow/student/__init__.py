"""What a student learns from, and its training; that of the image-only baseline too."""
