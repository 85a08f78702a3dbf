"""Does weak supervision help? Students against their rivals on public data, with synthetic pairings."""
