"""Tests of the simulated exchange, made by a plain client that knows only the documented protocol."""
