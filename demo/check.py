"""Starts the demo without a person and checks over Home Assistant's API that it shows the account.

Run by ``python -m demo.check``. The demo gets a folder and ports of its own, so one that is in use is left alone.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from pathlib import Path
import signal
import socket
import sys
import tempfile
from typing import Any

import aiohttp

from .home_assistant import POLL_INTERVAL, HomeAssistant
from .installation import REPOSITORY
from .terminal import say

# The first start makes an environment, and compiles two small packages for it.
START_TIMEOUT = 300
STOP_TIMEOUT = 45
# A change is shown immediately. A busy machine takes longer.
SHOW_TIMEOUT = 20

# The documentation's sample frame, and the exact sum of its amounts.
SAMPLE = {"SGD": {"available": "1386929.37231066771348207123", "locked": "10329.670127489597585685"}}
SAMPLE_TOTAL = "1397259.04243815731106775623"

# Nobody trades this one, so it is the same after a restart.
UNTRADED = "NEWCOIN"
UNTRADED_AMOUNTS = {"available": "0.00000010", "locked": "12345678901234567890.5"}

type Holdings = dict[str, dict[str, str]]
type State = dict[str, Any]


class View:
    """The states in Home Assistant, beside the account at the exchange."""

    def __init__(
        self, session: aiohttp.ClientSession, home_assistant: HomeAssistant, control_url: str
    ) -> None:
        self.home_assistant = home_assistant
        self._session = session
        self._control_url = control_url

    async def control(self, method: str, path: str, body: object | None = None) -> Any:
        """Return the answer of the exchange's control interface."""
        async with self._session.request(method, f"{self._control_url}/{path}", json=body) as response:
            response.raise_for_status()
            return await response.json()

    async def sensors(self) -> dict[str, State]:
        """Return the states of the currencies' sensors by their unit."""
        states = [
            state
            for state in await self.home_assistant.call("GET", "/api/states")
            if "locked" in state["attributes"]
        ]
        sensors = {state["attributes"]["unit_of_measurement"]: state for state in states}
        assert len(sensors) == len(states), "two sensors show the same currency"
        return sensors

    async def past_of(self, entity_id: str) -> datetime:
        """Return the time of the oldest state that Home Assistant has of an entity."""
        now = datetime.now(UTC)
        start, end = (at.strftime("%Y-%m-%dT%H:%M:%SZ") for at in (now - timedelta(days=30), now))
        path = f"/api/history/period/{start}?end_time={end}&filter_entity_id={entity_id}&no_attributes"
        ((oldest, *_),) = await self.home_assistant.call("GET", path)
        return datetime.fromisoformat(oldest["last_changed"])

    async def right_sensors(self) -> dict[str, State]:
        """Return the sensors as soon as they show what the exchange holds, which must be paused."""
        holdings: Holdings = await self.control("GET", "account")
        return await self._wait_for(lambda sensors: differences(sensors, holdings))

    async def moved_sensors(self, before: dict[str, State]) -> dict[str, State]:
        """Return the sensors as soon as a state differs from before."""

        def unmoved(sensors: dict[str, State]) -> list[str]:
            moved = any(sensors[currency]["state"] != state["state"] for currency, state in before.items())
            return [] if moved else ["no state changes"]

        return await self._wait_for(unmoved)

    async def _wait_for(self, wrong: Callable[[dict[str, State]], list[str]]) -> dict[str, State]:
        found: list[str] = []
        try:
            async with asyncio.timeout(SHOW_TIMEOUT):
                while found := wrong(sensors := await self.sensors()):
                    await asyncio.sleep(POLL_INTERVAL)
                return sensors
        except TimeoutError:
            raise AssertionError("; ".join(found)) from None


def differences(sensors: dict[str, State], holdings: Holdings) -> list[str]:
    """Return in words where the sensors are not exactly what the exchange holds."""
    # What was sold before Home Assistant had ever seen it has none, rightly.
    found = [
        f"{currency} has no sensor"
        for currency, amounts in sorted(holdings.items())
        if currency not in sensors and any(Decimal(amount) for amount in amounts.values())
    ]
    for currency, state in sensors.items():
        amounts = holdings.get(currency, {"available": "0", "locked": "0"})
        with localcontext(prec=1000):
            total = Decimal(amounts["available"]) + Decimal(amounts["locked"])
        shown = state["state"]
        if shown in ("unavailable", "unknown") or "E" in shown or Decimal(shown) != total:
            found.append(f"{currency} shows {shown}, not {total:f}")
        found += [
            f"{currency} has {attribute} {state['attributes'][attribute]}, not {amounts[name]}"
            for attribute, name in (("balance", "available"), ("locked", "locked"))
            if state["attributes"][attribute] != float(amounts[name])
        ]
    return found


def free_ports() -> tuple[int, int]:
    """Return a port for Home Assistant, and one for the exchange with the one after it free too."""
    with socket.socket() as home_assistant:
        home_assistant.bind(("127.0.0.1", 0))
        for _ in range(100):
            with socket.socket() as exchange, socket.socket() as control:
                exchange.bind(("127.0.0.1", 0))
                port: int = exchange.getsockname()[1]
                try:
                    control.bind(("127.0.0.1", port + 1))
                except OSError, OverflowError:
                    continue
                return home_assistant.getsockname()[1], port
    raise AssertionError("no two free ports in a row")


@asynccontextmanager
async def running_demo(
    folder: Path, ending: signal.Signals, command: Sequence[str] = (str(REPOSITORY / "scripts" / "demo"),)
) -> AsyncIterator[View]:
    """Run ``scripts/demo`` without a terminal until it says that it is ready; end it by a signal."""
    port, exchange_port = free_ports()
    process = await asyncio.create_subprocess_exec(
        *command,
        *("--folder", str(folder), "--port", str(port), "--exchange-port", str(exchange_port)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_TIMEOUT):
            async for line in process.stdout:
                say(f"    {line.decode().rstrip()}")
                # scripts/demo has installed them, which takes half of the time.
                assert b"installing" not in line, "Home Assistant installs packages while it starts"
                if line.startswith(b"Ready"):
                    break
        assert process.returncode is None, "the demo ended unexpectedly"
        async with (
            aiohttp.ClientSession() as session,
            HomeAssistant(session, f"http://127.0.0.1:{port}") as home_assistant,
        ):
            entries = await home_assistant.entries("upbit")
            assert [entry["state"] for entry in entries] == ["loaded"], entries
            yield View(session, home_assistant, f"http://127.0.0.1:{exchange_port + 1}/control")
        process.send_signal(ending)
        async with asyncio.timeout(STOP_TIMEOUT):
            await process.communicate()
        assert process.returncode == 0, f"the demo ended with status {process.returncode}"
        for each in (port, exchange_port, exchange_port + 1):
            with socket.socket() as probe:
                assert probe.connect_ex(("127.0.0.1", each)), f"something still listens on port {each}"
        say(f"ok: {ending.name} ended all that was started")
    finally:
        if process.returncode is None:
            process.terminate()
            await process.communicate()


async def check_first_start(view: View) -> set[str]:
    """Check states, movement and what appears; return the currencies that have a sensor in the end."""
    past = await view.past_of("sensor.upbit_simulated_exchange_total_value")
    assert datetime.now(UTC) - past > timedelta(days=6, hours=23), f"the past begins at {past}"
    say("ok: the total value has a past of seven days")
    before = await view.sensors()
    assert before, "there are no sensors"
    await view.moved_sensors(before)
    say("ok: the balances change automatically")

    await view.control("POST", "trading", {"paused": True})
    sensors = await view.right_sensors()
    say(f"ok: {len(sensors)} sensors show the account to the last digit")

    for _ in range(5):
        await view.control("POST", "trading", {"steps": 20})
        sensors = await view.right_sensors()
    say("ok: they do so after each of five bursts of trading")

    await view.control("PUT", "account", SAMPLE | {UNTRADED: UNTRADED_AMOUNTS})
    sensors = await view.right_sensors()
    assert sensors["SGD"]["state"] == SAMPLE_TOTAL, sensors["SGD"]["state"]
    assert UNTRADED in sensors
    say(f"ok: the documentation's sample shows as {SAMPLE_TOTAL}, and a new currency appears")
    return set(sensors)


async def check_second_start(view: View, sensors_before: set[str]) -> None:
    """Check that the account survives a restart of the demo."""
    await view.control("POST", "trading", {"paused": True})
    sensors = await view.right_sensors()
    assert sensors_before == sensors.keys(), sensors_before ^ sensors.keys()
    assert (await view.control("GET", "account"))[UNTRADED] == UNTRADED_AMOUNTS
    say("ok: after a restart the account is the same")


@asynccontextmanager
async def restarted_demo() -> AsyncIterator[tuple[View, set[str]]]:
    """Run the demo a second time after a check of its first start; yield also the currencies it had a sensor for."""
    with tempfile.TemporaryDirectory(prefix="upbit-demo.") as name:
        folder = Path(name)
        async with running_demo(folder, signal.SIGTERM) as view:
            sensors = await check_first_start(view)
        async with running_demo(folder, signal.SIGINT) as view:
            yield view, sensors


async def main() -> None:
    """Run all checks; raises AssertionError or TimeoutError where one fails."""
    async with restarted_demo() as (view, sensors):
        await check_second_start(view, sensors)


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except (AssertionError, TimeoutError) as error:
        sys.exit(f"FAILED: {error or type(error).__name__}")
