"""The fix flow of the issue that this network's address is not allowed: the user asks for another check."""

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import voluptuous as vol

from .api.errors import ErrorKind, UpbitError
from .coordinator import UpbitConfigEntry


class AddressFixFlow(RepairsFlow):
    """Takes a snapshot now; the issue is deleted when it succeeds."""

    def __init__(self, entry_id: str) -> None:
        self._entry_id = entry_id

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Show what to do."""
        return self._show_form({})

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

    def _show_form(self, errors: dict[str, str]) -> RepairsFlowResult:
        issue = ir.async_get(self.hass).async_get_issue(self.handler, self.issue_id)
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            errors=errors,
            description_placeholders=None if issue is None else issue.translation_placeholders,
        )


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Return the fix flow of the only issue that has one."""
    return AddressFixFlow(str((data or {})["entry_id"]))
