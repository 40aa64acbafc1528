"""Forms as a user goes through them."""

from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.const import CONF_REGION
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.upbit.const import CONF_ACCESS_KEY, CONF_SECRET_KEY, DOMAIN
from simulator import ACCESS_KEY, SECRET_KEY

OTHER_ACCESS_KEY = "OTHERACCESSKEY" * 3
OTHER_SECRET_KEY = "OTHERSECRETKEY" * 3

USER_INPUT = {CONF_REGION: "sg", CONF_ACCESS_KEY: ACCESS_KEY, CONF_SECRET_KEY: SECRET_KEY}
OTHER_INPUT = {CONF_REGION: "sg", CONF_ACCESS_KEY: OTHER_ACCESS_KEY, CONF_SECRET_KEY: OTHER_SECRET_KEY}


async def start(hass: HomeAssistant) -> ConfigFlowResult:
    """Open the form that adds an account."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "user"
    assert result["errors"] == {}
    return result


async def submit(
    hass: HomeAssistant, form: ConfigFlowResult, user_input: dict[str, Any] = USER_INPUT
) -> ConfigFlowResult:
    """Send a form off."""
    result = await hass.config_entries.flow.async_configure(form["flow_id"], user_input)
    await hass.async_block_till_done()
    return result
