"""Tests of the scripts that developers and CI run."""
