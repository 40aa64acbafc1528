"""Everything that goes wrong in the simulated world, each for a while and each ending by itself."""

from . import frames, home, network, snapshots
from .register import MISHAPS, Mishap, expect

__all__ = ["MISHAPS", "Mishap", "expect", "frames", "home", "network", "snapshots"]
