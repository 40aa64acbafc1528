"""A client for Home Assistant's HTTP API: onboarding, login, config flows, states."""

import asyncio
from typing import Any, Final, Self

import aiohttp

from .terminal import DemoError

NAME: Final = "Demo"
USER: Final = "demo"
PASSWORD: Final = "demo"

POLL_INTERVAL = 0.5


class HomeAssistant:
    """One Home Assistant at an address like ``http://127.0.0.1:8123``; raises DemoError when it rejects a request."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self.url = url
        self._session = session
        self._tokens: dict[str, Any] = {}

    @property
    def _client_id(self) -> str:
        """The client that tokens are issued to. It is the address itself, as for a browser."""
        return f"{self.url}/"

    async def __aenter__(self) -> Self:
        """Wait for Home Assistant, onboard it if that was not done yet, and log in."""
        await self._wait_until_reachable()
        steps = await self._steps_left()
        code = await (self._create_user() if "user" in steps else self._log_in())
        await self._fetch_tokens(code)
        await self._finish_onboarding(steps)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Revoke the login, so that the user's list of logins does not grow with every start."""
        try:
            async with self._session.post(
                f"{self.url}/auth/revoke", data={"token": self._tokens["refresh_token"]}
            ):
                pass
        except aiohttp.ClientError:
            pass  # It is being shut down.

    async def call(self, method: str, path: str, body: object | None = None) -> Any:
        """Return the decoded answer of a call, ``path`` being relative to the address."""
        headers = {"Authorization": f"Bearer {self._tokens['access_token']}"} if self._tokens else {}
        async with self._session.request(method, f"{self.url}{path}", json=body, headers=headers) as response:
            if response.status >= 400:
                raise DemoError(
                    f"Home Assistant rejected {method} {path}: {response.status} {await response.text()}"
                )
            return await response.json()

    async def wait_until_running(self) -> None:
        """Return when Home Assistant has started."""
        while True:
            config = await self.call("GET", "/api/config")
            if config["recovery_mode"]:
                raise DemoError("Home Assistant started in recovery mode. The cause is in its log.")
            if config["state"] == "RUNNING":
                return
            await asyncio.sleep(POLL_INTERVAL)

    async def entries(self, domain: str) -> list[dict[str, Any]]:
        """Return the config entries of an integration."""
        entries: list[dict[str, Any]] = await self.call(
            "GET", f"/api/config/config_entries/entry?domain={domain}"
        )
        return entries

    async def add_entry(self, domain: str, answers: dict[str, str]) -> None:
        """Complete a config flow of one form, as a user does in the add dialog."""
        form = await self.call("POST", "/api/config/config_entries/flow", {"handler": domain})
        result = await self.call("POST", f"/api/config/config_entries/flow/{form['flow_id']}", answers)
        if result["type"] != "create_entry":
            raise DemoError(f"The config flow rejected the input: {result.get('errors') or result}")

    async def _wait_until_reachable(self) -> None:
        while True:
            try:
                async with self._session.get(f"{self.url}/auth/providers"):
                    return
            except aiohttp.ClientError:
                await asyncio.sleep(POLL_INTERVAL)

    async def _steps_left(self) -> set[str]:
        """Return the steps of onboarding that are not done; the endpoint does not exist once all are."""
        async with self._session.get(f"{self.url}/api/onboarding") as response:
            if response.status == 404:
                return set()
            return {step["step"] for step in await response.json() if not step["done"]}

    async def _create_user(self) -> str:
        answer = await self.call(
            "POST",
            "/api/onboarding/users",
            {
                "name": NAME,
                "username": USER,
                "password": PASSWORD,
                "client_id": self._client_id,
                "language": "en",
            },
        )
        return str(answer["auth_code"])

    async def _log_in(self) -> str:
        flow = await self.call(
            "POST",
            "/auth/login_flow",
            {
                "client_id": self._client_id,
                "handler": ["homeassistant", None],
                "redirect_uri": self._client_id,
            },
        )
        answer = await self.call(
            "POST",
            f"/auth/login_flow/{flow['flow_id']}",
            {"client_id": self._client_id, "username": USER, "password": PASSWORD},
        )
        if answer["type"] != "create_entry":
            raise DemoError(
                f"Home Assistant no longer accepts the user {USER} with the password {PASSWORD}."
                " Start again with --reset."
            )
        return str(answer["result"])

    async def _fetch_tokens(self, code: str) -> None:
        async with self._session.post(
            f"{self.url}/auth/token",
            data={"grant_type": "authorization_code", "code": code, "client_id": self._client_id},
        ) as response:
            response.raise_for_status()
            self._tokens = await response.json()

    async def _finish_onboarding(self, steps: set[str]) -> None:
        if "analytics" in steps:
            await self.call("POST", "/api/onboarding/analytics")
        if "integration" in steps:
            await self.call(
                "POST",
                "/api/onboarding/integration",
                {"client_id": self._client_id, "redirect_uri": self._client_id},
            )
