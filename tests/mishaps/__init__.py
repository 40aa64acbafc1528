"""Everything that goes wrong in the simulated world, each for a while and each ending by itself."""

from . import frames, home, network, snapshots
from .register import MISHAPS, Mishap, longest_lag

__all__ = ["MISHAPS", "Mishap", "frames", "home", "longest_lag", "network", "snapshots"]
