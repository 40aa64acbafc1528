"""End-to-end tests: a real browser on the real Home Assistant of the demo; run by ``scripts/e2e``."""
