"""Tests of what knows Upbit and nothing of Home Assistant."""
