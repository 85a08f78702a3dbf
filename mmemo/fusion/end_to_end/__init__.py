"""Parts of the end-to-end model: a convolutional trunk that may skip places, and a transformer over its vectors.

`positions` holds what is left of feature maps and convolves only there; `attention` says what the line finds
important and keeps the top of it; `trunk` runs the same weights on all places or on those; `frames` reads time.
"""
