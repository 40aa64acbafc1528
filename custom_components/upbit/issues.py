"""The repair issues: problems that only the user can fix, at Upbit."""

from datetime import datetime, timedelta

from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.util import dt as dt_util

from .const import DOCUMENTATION_URL, DOMAIN

KEY_EXPIRATION_NOTICE = timedelta(days=14)

KEY_EXPIRES = "key_expires"
_ADDRESS = "ip_not_allowed"


@callback
def async_setup_issues(hass: HomeAssistant) -> None:
    """Delete the issues of an entry when it is disabled, because they are no longer checked.

    They stay when it is unloaded: a reload would lose that the user ignored an issue.
    """

    @callback
    def on_entry_changed(change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain == DOMAIN and entry.disabled_by is not None:
            async_clear(hass, entry)

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, on_entry_changed)


@callback
def async_address_not_allowed(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Create the issue that this network's address is not among the key's allowed IP addresses."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{_ADDRESS}_{entry.entry_id}",
        data={"entry_id": entry.entry_id},
        is_fixable=True,
        severity=ir.IssueSeverity.ERROR,
        learn_more_url=f"{DOCUMENTATION_URL}/blob/main/docs/troubleshooting.md#ip-address-not-allowed",
        translation_key=_ADDRESS,
        translation_placeholders={"account": entry.title},
    )


@callback
def async_address_allowed(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete the issue about the address."""
    ir.async_delete_issue(hass, DOMAIN, f"{_ADDRESS}_{entry.entry_id}")


@callback
def async_key_expiration(hass: HomeAssistant, entry: ConfigEntry, expires_at: datetime | None) -> None:
    """Create the issue that the key expires soon, or delete it."""
    if expires_at is None or expires_at - dt_util.utcnow() > KEY_EXPIRATION_NOTICE:
        ir.async_delete_issue(hass, DOMAIN, f"{KEY_EXPIRES}_{entry.entry_id}")
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        f"{KEY_EXPIRES}_{entry.entry_id}",
        data={"entry_id": entry.entry_id},
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        learn_more_url=f"{DOCUMENTATION_URL}/blob/main/docs/troubleshooting.md#api-key-expires-soon",
        translation_key=KEY_EXPIRES,
        translation_placeholders={
            "account": entry.title,
            "date": dt_util.as_local(expires_at).date().isoformat(),
        },
    )


@callback
def async_clear(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Delete every issue of an entry."""
    async_address_allowed(hass, entry)
    async_key_expiration(hass, entry, None)
