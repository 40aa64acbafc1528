"""Plugins that pytest loads before any other, named in pyproject.toml."""
