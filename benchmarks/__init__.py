"""Measures what the integration costs, as ratios to floors measured in the same run: scripts/bench."""
