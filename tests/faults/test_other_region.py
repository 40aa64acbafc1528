"""The key belongs to another region: the error names the region as the likely cause."""

from dataclasses import replace

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.const import CONF_REGION
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.translation import async_get_translations
import pytest

from custom_components.upbit.api.regions import REGIONS
from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN
from simulator import ACCESS_KEY, SECRET_KEY, SimulatedExchange
from tests.helpers.harness import Harness
from tests.helpers.virtual_time import pass_time


async def test_form_names_the_region(harness: Harness) -> None:
    harness.exchange.key.region = "th"
    result = await harness.hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_USER},
        data={CONF_REGION: "sg", CONF_ACCESS_KEY: ACCESS_KEY, CONF_SECRET_KEY: SECRET_KEY},
    )
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"base": "invalid_access_key"}
    texts = await async_get_translations(harness.hass, "en", "config", [DOMAIN])
    text = texts[f"component.{DOMAIN}.config.error.invalid_access_key"]
    assert "another region" in text
    assert "{region}" in text
    assert result["description_placeholders"] is not None
    assert result["description_placeholders"]["region"] == "Singapore"


async def test_entry_names_the_region(harness: Harness) -> None:
    harness.exchange.key.region = "th"
    assert not await harness.set_up()
    assert harness.entry.state is ConfigEntryState.SETUP_ERROR
    assert harness.entry.reason is not None
    assert "Upbit Singapore" in harness.entry.reason
    assert "another region" in harness.entry.reason
    assert harness.reauth_flows == 1


async def test_key_is_sent_to_no_other_region(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trying the regions one after the other would hand the key to hosts that have nothing to do with it."""
    harness.exchange.key.region = "th"
    async with SimulatedExchange("th") as other:
        elsewhere = {"rest_url": other.rest_url, "websocket_url": other.websocket_url}
        for code in REGIONS.keys() - {"sg"}:
            monkeypatch.setitem(REGIONS, code, replace(REGIONS[code], **elsewhere))
        assert not await harness.set_up()
        await pass_time(600)
        assert other.record.calls == []
    assert harness.exchange.record.calls
