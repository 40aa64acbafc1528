"""Tests of the Upbit integration."""
