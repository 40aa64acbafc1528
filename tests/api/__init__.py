"""Tests of the client of Upbit, without Home Assistant."""
