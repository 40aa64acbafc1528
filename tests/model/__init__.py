"""The model test: random interleavings of all that can happen, held against a reference account."""
