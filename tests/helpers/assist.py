"""What a language model gets through Home Assistant's Assist API."""

from typing import Any

from homeassistant.components.homeassistant.exposed_entities import async_expose_entity
from homeassistant.helpers import llm

from .harness import Harness

ASSISTANT = "conversation"
ACCOUNT = "sensor.upbit_singapore_"
BALANCES, VALUE, CHANGES = "upbit__get_balances", "upbit__get_account_value", "upbit__get_changes_today"


async def api(harness: Harness, api_id: str = llm.LLM_API_ASSIST) -> llm.APIInstance:
    """Return what a language model is given."""
    context = llm.LLMContext(
        platform="test", context=None, language="en", assistant=ASSISTANT, device_id=None
    )
    return await llm.async_get_api(harness.hass, api_id, context)


async def tools(harness: Harness, api_id: str = llm.LLM_API_ASSIST) -> dict[str, llm.Tool]:
    """Return the integration's tools by name."""
    return {tool.name: tool for tool in (await api(harness, api_id)).tools if tool.integration == "upbit"}


async def call(harness: Harness, name: str, **arguments: Any) -> llm.ToolResult:
    """Call a tool as a language model does."""
    instance = await api(harness)
    (tool,) = (tool for tool in instance.tools if tool.name == name)
    result = await tool.async_call(harness.hass, llm.ToolInput(name, arguments), instance.llm_context)
    assert isinstance(result, llm.ToolResult)
    return result


async def account_of(harness: Harness, name: str, **arguments: Any) -> dict[str, Any]:
    """Call a tool; return what it has about the one account."""
    result = await call(harness, name, **arguments)
    assert not result.error
    (account,) = result.data["accounts"]
    assert account.pop("account") == "Upbit Singapore"
    return account


def expose(harness: Harness, *names: str, exposed: bool = True) -> None:
    """Expose sensors of the account to the assistant, or expose them no longer."""
    for name in names:
        async_expose_entity(harness.hass, ASSISTANT, f"{ACCOUNT}{name}", exposed)
