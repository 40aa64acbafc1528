"""Measures what the integration costs: each figure as a ratio to a floor measured in the same run."""
