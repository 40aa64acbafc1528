"""Tests of the simulated exchange with a plain client that implements only the documented protocol."""
