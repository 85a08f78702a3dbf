"""The Predict tab: pictures and clips in, every face out."""
