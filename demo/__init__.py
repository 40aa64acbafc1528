"""A Home Assistant with the integration set up against the simulated exchange; run by ``scripts/demo``."""
