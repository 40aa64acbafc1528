"""Home Assistant's core in a folder of its own, with the account added by the form."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from unittest.mock import patch

from aiohttp import ThreadedResolver
from homeassistant import bootstrap, loader
from homeassistant.config_entries import SOURCE_USER, ConfigEntries, ConfigEntry
from homeassistant.const import CONF_REGION
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.setup import async_setup_component

from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN
from simulator import ApiKey

REPOSITORY = Path(__file__).parent.parent.parent


class _Resolver(ThreadedResolver):
    """Finds names as the system does, in place of Home Assistant's resolver, which also asks the local network."""

    async def real_close(self) -> None:
        """Do nothing, where Home Assistant closes the one it shares."""


@asynccontextmanager
async def hass_app(folder: Path) -> AsyncIterator[HomeAssistant]:
    """Run Home Assistant's core with registries, storage and flows; stop it in the end."""
    components = folder / "custom_components"
    if not components.exists():
        components.symlink_to(REPOSITORY / "custom_components", target_is_directory=True)
    hass = HomeAssistant(str(folder))
    hass.config.skip_pip = True
    loader.async_setup(hass)
    hass.config_entries = ConfigEntries(hass, {})
    with patch("homeassistant.helpers.aiohttp_client._async_make_resolver", lambda _: _Resolver()):
        await loader.async_get_custom_components(hass)
        assert await bootstrap.async_load_base_functionality(hass)
        for domain in sorted(bootstrap.CORE_INTEGRATIONS):
            assert await async_setup_component(hass, domain, {})
        for domain in {entry.domain for entry in hass.config_entries.async_entries()}:
            assert await async_setup_component(hass, domain, {})
        await hass.async_start()
        try:
            yield hass
        finally:
            await hass.async_stop(force=True)


async def add_account(hass: HomeAssistant, region: str, key: ApiKey) -> ConfigEntry:
    """Add an account by the form, and return its entry."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_USER},
        data={CONF_REGION: region, CONF_ACCESS_KEY: key.access_key, CONF_SECRET_KEY: key.secret_key},
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY, result
    await hass.async_block_till_done()
    return result["result"]
