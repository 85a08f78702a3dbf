"""Text to opinions: a frozen classifier reads every line."""
