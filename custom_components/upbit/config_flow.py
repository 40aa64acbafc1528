"""The forms: an account's region and API key, their replacement, and the removal of empty sensors."""

from collections.abc import Mapping
import logging
import re
from typing import Any, override

from homeassistant.components.sensor import DOMAIN as SENSOR_DOMAIN
from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryState,
    ConfigFlow,
    ConfigFlowResult,
    OptionsFlow,
)
from homeassistant.const import CONF_REGION
from homeassistant.core import callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.selector import (
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from .api.auth import Credentials
from .api.errors import ErrorKind, UpbitError
from .api.regions import REGIONS, Region
from .api.rest import RestClient
from .api.throttle import RateLimit
from .api.wire import EMPTY
from .const import (
    CONF_ACCESS_KEY,
    CONF_PRICE_UPDATES,
    CONF_SECRET_KEY,
    DOCUMENTATION_URL,
    DOMAIN,
    MANUFACTURER,
)
from .coordinator import UpbitConfigEntry
from .entity import async_remove_value_entities, currency_of, keys_of, unique_id
from .price_updates import PriceUpdates
from .rate_limits import async_get_rate_limit

_LOGGER = logging.getLogger(__name__)

CONF_REMOVE = "remove"

# Kinds of errors without a text of their own in the form.
_FORM_ERRORS = {
    ErrorKind.BLOCKED: ErrorKind.RATE_LIMITED,
    ErrorKind.INVALID_RESPONSE: ErrorKind.CANNOT_CONNECT,
}


class UpbitConfigFlow(ConfigFlow, domain=DOMAIN):
    """Add an account, or replace the API key of one."""

    VERSION = 1

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Add an account."""
        return await self._async_step_key("user", user_input)

    async def async_step_reauth(self, entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Start reauthentication, because Upbit rejects the API key."""
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Replace the rejected API key."""
        return await self._async_step_key("reauth_confirm", user_input, self._get_reauth_entry())

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Replace the API key, or move to another region."""
        return await self._async_step_key("reconfigure", user_input, self._get_reconfigure_entry())

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: UpbitConfigEntry) -> UpbitOptionsFlow:
        """Return the flow of the options."""
        return UpbitOptionsFlow()

    async def _async_step_key(
        self, step_id: str, user_input: dict[str, Any] | None, entry: ConfigEntry | None = None
    ) -> ConfigFlowResult:
        """Show the form until Upbit accepts the API key in this region."""
        errors: dict[str, str] = {}
        # Each language's text names its own page.
        placeholders = {"documentation": f"{DOCUMENTATION_URL}/blob/main"}
        if user_input is not None:
            # A key copied from a web page often has white space around it.
            data = {name: value.strip() for name, value in user_input.items()}
            # Upbit may reject further private streams of a key.
            self._async_abort_entries_match({CONF_ACCESS_KEY: data[CONF_ACCESS_KEY]})
            placeholders["region"] = REGIONS[data[CONF_REGION]].name
            if (error := await self._async_check(data, entry)) is None:
                # Another form may have added it meanwhile.
                self._async_abort_entries_match({CONF_ACCESS_KEY: data[CONF_ACCESS_KEY]})
                return self._finish(data, entry)
            errors["base"] = _FORM_ERRORS.get(error, error).value
        current = user_input or ({} if entry is None else {CONF_REGION: entry.data[CONF_REGION]})
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(_schema(current.get(CONF_REGION)), current),
            errors=errors,
            description_placeholders=placeholders,
        )

    async def _async_check(self, data: dict[str, str], entry: ConfigEntry | None) -> ErrorKind | None:
        """Request the account's rows with this key; return what is wrong with it."""
        region = REGIONS[data[CONF_REGION]]
        client = RestClient(
            async_get_clientsession(self.hass),
            region,
            Credentials(data[CONF_ACCESS_KEY], data[CONF_SECRET_KEY]),
            RateLimit() if entry is None else async_get_rate_limit(self.hass, entry.entry_id, region),
        )
        try:
            await client.accounts()
        except UpbitError as error:
            _LOGGER.debug("The API key could not be checked: %s", error)
            return error.kind
        except Exception as error:  # noqa: BLE001 - the form shows that something unexpected happened
            _LOGGER.error("Unexpected %s while the API key was checked", type(error).__name__)
            return ErrorKind.UNKNOWN
        return None

    def _finish(self, data: dict[str, str], entry: ConfigEntry | None) -> ConfigFlowResult:
        title = self._title(REGIONS[data[CONF_REGION]])
        if entry is None:
            return self.async_create_entry(title=title, data=data)
        old_region = REGIONS.get(entry.data[CONF_REGION])
        moved = data[CONF_REGION] != entry.data[CONF_REGION]
        if moved:
            # Their currency is that of the old region.
            async_remove_value_entities(self.hass, entry.entry_id)
        named_after_region = old_region is not None and _is_default_title(entry.title, old_region)
        return self.async_update_reload_and_abort(
            entry, data_updates=data, title=title if moved and named_after_region else entry.title
        )

    def _title(self, region: Region) -> str:
        """Return the region's name, with a number from the second account on."""
        taken = {entry.title for entry in self._async_current_entries()}
        title = first = _default_title(region)
        number = 1
        while title in taken:
            number += 1
            title = f"{first} {number}"
        return title


class UpbitOptionsFlow(OptionsFlow):
    """Select how often values are updated, or remove the sensors of empty currencies."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show what can be done."""
        return self.async_show_menu(step_id="init", menu_options=[CONF_PRICE_UPDATES, CONF_REMOVE])

    async def async_step_price_updates(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the user select how often values are updated; the account goes on without a reload."""
        entry: UpbitConfigEntry = self.config_entry
        if user_input is not None:
            options = {**entry.options, **user_input}
            self.hass.config_entries.async_update_entry(entry, options=options)
            if options[CONF_PRICE_UPDATES] == PriceUpdates.OFF:
                async_remove_value_entities(self.hass, entry.entry_id)
            if entry.state is ConfigEntryState.LOADED:
                await entry.runtime_data.async_apply_price_updates()
            elif entry.state is ConfigEntryState.SETUP_IN_PROGRESS:  # with the options of before
                self.hass.config_entries.async_schedule_reload(entry.entry_id)
            return self.async_create_entry(data=options)
        choice = SelectSelectorConfig(
            options=list(PriceUpdates), mode=SelectSelectorMode.LIST, translation_key=CONF_PRICE_UPDATES
        )
        present = entry.options.get(CONF_PRICE_UPDATES, PriceUpdates.NORMAL.value)
        return self.async_show_form(
            step_id=CONF_PRICE_UPDATES,
            data_schema=vol.Schema(
                {vol.Required(CONF_PRICE_UPDATES, default=present): SelectSelector(choice)}
            ),
        )

    async def async_step_remove(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Offer the empty currencies, and remove the sensors of the selected ones that are still empty."""
        entry: UpbitConfigEntry = self.config_entry
        if entry.state is not ConfigEntryState.LOADED or not entry.runtime_data.available:
            return self.async_abort(reason="not_available")
        registry = er.async_get(self.hass)
        coordinator = entry.runtime_data
        ledger = coordinator.ledger
        empty = {
            currency
            for registered in er.async_entries_for_config_entry(registry, entry.entry_id)
            if (currency := currency_of(registered)) is not None
            and coordinator.is_available(currency)
            and ledger.holding(currency) == EMPTY
        }
        if user_input is not None:
            for currency in empty & {*user_input[CONF_REMOVE]}:
                for key in keys_of(currency):
                    sensor_id = unique_id(entry.entry_id, key)
                    if (
                        entity_id := registry.async_get_entity_id(SENSOR_DOMAIN, DOMAIN, sensor_id)
                    ) is not None:
                        registry.async_remove(entity_id)
                ledger.remove(currency)
            return self.async_create_entry(data=dict(entry.options))
        if not empty:
            return self.async_abort(reason="nothing_empty")
        choice = SelectSelectorConfig(options=sorted(empty), multiple=True, mode=SelectSelectorMode.LIST)
        return self.async_show_form(
            step_id=CONF_REMOVE,
            data_schema=vol.Schema({vol.Required(CONF_REMOVE, default=[]): SelectSelector(choice)}),
        )


def _default_title(region: Region) -> str:
    return f"{MANUFACTURER} {region.name}"


def _is_default_title(title: str, region: Region) -> bool:
    """Return whether a title is the region's name, with or without a number."""
    return re.fullmatch(re.escape(_default_title(region)) + r"( [0-9]+)?", title) is not None


def _schema(region: str | None) -> vol.Schema:
    secret = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off"))
    regions = [SelectOptionDict(value=region.code, label=region.name) for region in REGIONS.values()]
    region_default = vol.UNDEFINED if region is None else region
    return vol.Schema(
        {
            vol.Required(CONF_REGION, default=region_default): SelectSelector(
                SelectSelectorConfig(
                    options=regions, mode=SelectSelectorMode.DROPDOWN, translation_key=CONF_REGION
                )
            ),
            vol.Required(CONF_ACCESS_KEY): secret,
            vol.Required(CONF_SECRET_KEY): secret,
        }
    )
