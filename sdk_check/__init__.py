"""Checks the simulated exchange with Upbit's own client library: scripts/sdk-check."""
