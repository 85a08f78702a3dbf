"""An image student learns from noisy labels."""
