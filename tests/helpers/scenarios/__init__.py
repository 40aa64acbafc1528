"""Everything that goes wrong around the integration, each for a while and each ending automatically."""

from . import frames, hass_app, network, prices, snapshots
from .register import SCENARIOS, Scenario, expect

__all__ = ["SCENARIOS", "Scenario", "expect", "frames", "hass_app", "network", "prices", "snapshots"]
