"""What Home Assistant asks of an integration with entries; the benchmark adds them itself."""

from homeassistant.config_entries import ConfigFlow

from . import DOMAIN


class BareSensorsConfigFlow(ConfigFlow, domain=DOMAIN):
    """A flow that nobody starts."""
