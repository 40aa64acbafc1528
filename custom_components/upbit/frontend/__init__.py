"""Adds the card and the dashboard strategy to Home Assistant's pages, without a resource to add."""

from hashlib import sha256
from pathlib import Path

from homeassistant.components.http import StaticPathConfig
from homeassistant.core import HomeAssistant

from ..const import DOMAIN

_FOLDER = Path(__file__).parent
_ENTRY = "upbit.js"


async def async_setup_frontend(hass: HomeAssistant) -> None:
    """Serve the modules and make every page load the entry module, which imports the others on first use."""
    if not hass.config.components >= {"frontend", "http"}:
        return
    # A Home Assistant without a frontend need not import it.
    from homeassistant.components.frontend import add_extra_js_url  # noqa: PLC0415

    # The version is part of the path, so that a module never imports an older one from the browser's cache.
    path = f"/{DOMAIN}/{await hass.async_add_executor_job(_version)}"
    await hass.http.async_register_static_paths([StaticPathConfig(path, str(_FOLDER))])
    add_extra_js_url(hass, f"{path}/{_ENTRY}")


def _version() -> str:
    """Return a text that changes whenever one of the modules does."""
    content = sha256()
    for module in sorted(_FOLDER.glob("*.js")):
        content.update(module.name.encode() + b"\0" + module.read_bytes())
    return content.hexdigest()[:12]
