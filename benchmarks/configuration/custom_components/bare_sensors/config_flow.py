"""The config flow that Home Assistant requires; the benchmark adds its entries directly."""

from homeassistant.config_entries import ConfigFlow

from . import DOMAIN


class BareSensorsConfigFlow(ConfigFlow, domain=DOMAIN):
    """A flow that is never started."""
