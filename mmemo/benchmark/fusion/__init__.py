"""Every fusion model on the same samples, beside the single modalities that it has to beat."""
