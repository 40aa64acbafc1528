"""The fix flows: check the address of this network again, and enter a new API key."""

from homeassistant.components.repairs import FlowType, RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import SOURCE_RECONFIGURE, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import voluptuous as vol

from .api.errors import ErrorKind, UpbitError
from .const import DOMAIN
from .coordinator import UpbitConfigEntry
from .issues import KEY_EXPIRES


class _FixFlow(RepairsFlow):
    """Shows what to do, and acts when the user submits that."""

    def __init__(self, entry_id: str) -> None:
        self._entry_id = entry_id

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Show what to do."""
        return self._show_form({})

    def _show_form(self, errors: dict[str, str]) -> RepairsFlowResult:
        issue = ir.async_get(self.hass).async_get_issue(self.handler, self.issue_id)
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            errors=errors,
            description_placeholders=None if issue is None else issue.translation_placeholders,
        )


class AddressFixFlow(_FixFlow):
    """Takes a snapshot now; the issue is deleted when it succeeds."""

    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Check again."""
        if (error := await self._async_check()) is None:
            return self.async_create_entry(data={})
        return self._show_form({"base": error})

    async def _async_check(self) -> str | None:
        """Return the name of what is still wrong; None if nothing is."""
        entry: UpbitConfigEntry | None = self.hass.config_entries.async_get_entry(self._entry_id)
        if entry is None:
            return None
        if entry.state is not ConfigEntryState.LOADED:
            # Set-up waits for its next attempt; this is one.
            if await self.hass.config_entries.async_reload(entry.entry_id):
                return None
            is_address = entry.error_reason_translation_key == ErrorKind.IP_NOT_ALLOWED
            return ErrorKind.IP_NOT_ALLOWED.value if is_address else "check_failed"
        try:
            await entry.runtime_data.async_refresh()
        except UpbitError as error:
            return error.kind.value if error.kind is ErrorKind.IP_NOT_ALLOWED else "check_failed"
        return None


class KeyFixFlow(_FixFlow):
    """Opens the form for a new API key; the issue is deleted when that key is used."""

    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Go on with the form."""
        if self.hass.config_entries.async_get_entry(self._entry_id) is None:
            return self.async_create_entry(data={})
        form = await self.hass.config_entries.flow.async_init(
            DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": self._entry_id}
        )
        # A flow that ends with an entry would delete the issue.
        return self.async_abort(reason="new_key", next_flow=(FlowType.CONFIG_FLOW, form["flow_id"]))


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the fix flow of an issue."""
    flow = KeyFixFlow if issue_id.startswith(KEY_EXPIRES) else AddressFixFlow
    return flow(str((data or {})["entry_id"]))
