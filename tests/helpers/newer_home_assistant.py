"""Lets pytest-homeassistant-custom-component run on a Home Assistant newer than the one it pins.

Loaded by ``-p`` before the packages' own plugins: importing Home Assistant replaces httpx by httpx2, which
must happen before anybody else imports httpx.
"""

import homeassistant  # noqa: F401
from homeassistant.components import logger
from homeassistant.components.logger import const, helpers

# Home Assistant 2026.11 moved these names out of the module that the test package imports them from.
for _name, _module in (
    ("DOMAIN", const),
    ("SERVICE_SET_LEVEL", const),
    ("_clear_logger_overwrites", helpers),
):
    if not hasattr(logger, _name):
        setattr(logger, _name, getattr(_module, _name))
