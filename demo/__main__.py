"""Runs Home Assistant with the Upbit integration set up against the simulated exchange, until Ctrl-C."""

import argparse
import asyncio
import contextlib
from pathlib import Path
import re
import signal
import socket
import sys
from typing import Any

import aiohttp

from simulator import ACCESS_KEY, SECRET_KEY

from .home_assistant import PASSWORD, POLL_INTERVAL, USER, HomeAssistant
from .installation import DASHBOARD, REPOSITORY, Installation
from .process import Child
from .terminal import DemoError, say

HOST = "127.0.0.1"
# Home Assistant ends with this status when it is to be started again.
RESTART_EXIT_CODE = 100
SET_UP_TIMEOUT = 60
STILL_WAITING_AFTER = 15


def parse_arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--port", type=int, default=8123, help="port of Home Assistant (default 8123)")
    parser.add_argument(
        "--exchange-port",
        type=int,
        default=8787,
        help="port of the simulated exchange (default 8787); its control interface takes the next one",
    )
    parser.add_argument("--reset", action="store_true", help="delete the state of the last demo first")
    parser.add_argument(
        "--folder",
        type=Path,
        default=REPOSITORY / ".demo",
        help="where the demo keeps its state (default .demo in the project)",
    )
    return parser.parse_args()


def require_free(port: int, option: str) -> None:
    """Raise DemoError when the port cannot be bound."""
    with socket.socket() as probe:
        # Without this, a port would count as taken for a minute after the last demo.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError, OverflowError:
            raise DemoError(
                f"Port {port} on {HOST} is in use or not allowed. Select another with {option}."
            ) from None


class Demo:
    """One run of the demo in its folder."""

    def __init__(self, installation: Installation, *, port: int, exchange_port: int) -> None:
        self._installation = installation
        self._port = port
        self._exchange_port = exchange_port
        self._url = f"http://{HOST}:{port}"
        self._exchange_url = f"http://{HOST}:{exchange_port}"
        self._control_url = f"http://{HOST}:{exchange_port + 1}/control"
        self._has_no_past = False

    async def run(self) -> None:
        """Run until cancelled; raises DemoError when something cannot be started or ends unexpectedly."""
        self._has_no_past = self._installation.prepare(self._port)
        command = [sys.executable, "-m", "simulator", "--port", str(self._exchange_port)]
        command += ["--state", str(self._installation.exchange_state)]
        async with (
            aiohttp.ClientSession() as session,
            Child(
                "The simulated exchange", command, folder=REPOSITORY, log=self._installation.exchange_log
            ) as exchange,
        ):
            await exchange.while_running(self._wait_for_exchange(session))
            await exchange.while_running(self._run_home_assistant(session))

    async def _wait_for_exchange(self, session: aiohttp.ClientSession) -> None:
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(self._control_url):
                    return
            await asyncio.sleep(POLL_INTERVAL)

    async def _run_home_assistant(self, session: aiohttp.ClientSession) -> None:
        environment = {
            # The demo keeps its output, which is log enough.
            "HA_DISABLE_LOG_FILE": "1",
            "UPBIT_SIMULATED_CONTROL_URL": self._control_url,
            "UPBIT_SIMULATED_REST_URL": self._exchange_url,
            "UPBIT_SIMULATED_WEBSOCKET_URL": f"ws://{HOST}:{self._exchange_port}/websocket/v1",
        }
        command = self._installation.home_assistant_command(with_past=self._has_no_past)
        # At its first start it is compiled.
        takes = ", which takes about 20 seconds the first time" if self._has_no_past else ""
        say(f"Starting Home Assistant{takes} ...")
        while True:
            async with Child(
                "Home Assistant",
                command,
                folder=self._installation.configuration,
                log=self._installation.home_assistant_log,
                environment=environment,
            ) as home_assistant:
                await home_assistant.while_running(self._set_up(session))
                status = await home_assistant.wait()
            if status != RESTART_EXIT_CODE:
                raise home_assistant.failure(status)
            say("Home Assistant restarts ...")
            command = self._installation.home_assistant_command()

    async def _set_up(self, session: aiohttp.ClientSession) -> None:
        """Set Home Assistant up until the integration is loaded, and print the addresses."""
        progress = asyncio.create_task(self._show_progress())
        try:
            async with HomeAssistant(session, self._url) as home_assistant:
                await home_assistant.wait_until_running()
                if not await home_assistant.entries("upbit"):
                    say("Adding the integration through its config flow ...")
                    await home_assistant.add_entry(
                        "upbit", {"region": "sim", "access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
                    )
                await self._wait_until_loaded(home_assistant)
        finally:
            progress.cancel()
        say(
            f"\n  Dashboard           {self._url}/{DASHBOARD}\n"
            f"    user              {USER}\n"
            f"    password          {PASSWORD}\n"
            f"  Simulated exchange  {self._exchange_url}\n"
            f"    control           {self._control_url}\n"
            f"    access key        {ACCESS_KEY}\n"
            f"    secret key        {SECRET_KEY}\n"
            f"  Logs and state      {self._installation.folder}\n\n"
            "Ready. Balances and prices change. The view Try it has buttons for more. Ctrl-C ends the demo."
        )

    async def _wait_until_loaded(self, home_assistant: HomeAssistant) -> None:
        entries: list[dict[str, Any]] = []
        try:
            async with asyncio.timeout(SET_UP_TIMEOUT):
                while not any(entry["state"] == "loaded" for entry in entries):
                    await asyncio.sleep(POLL_INTERVAL)
                    entries = await home_assistant.entries("upbit")
        except TimeoutError:
            found = "; ".join(f"{entry['state']}: {entry['reason']}" for entry in entries)
            raise DemoError(f"The integration was not set up ({found or 'it was removed'}).") from None

    async def _show_progress(self) -> None:
        """Print what Home Assistant installs, and from time to time that it is still starting."""
        log = self._installation.home_assistant_log
        shown: list[str] = []
        quiet = 0.0
        while True:
            installed = re.findall(r"Attempting install of (\S+)", log.read_text(errors="replace"))
            for package in installed[len(shown) :]:
                say(f"  installing {package}")
                quiet = 0
            shown = installed
            if quiet >= STILL_WAITING_AFTER:
                say("  still waiting for Home Assistant")
                quiet = 0
            await asyncio.sleep(POLL_INTERVAL)
            quiet += POLL_INTERVAL


async def run_until_stopped(demo: Demo) -> None:
    """Run the demo until SIGINT, SIGTERM or the end of the terminal; a second signal kills everything immediately."""
    running = asyncio.ensure_future(demo.run())

    def stop() -> None:
        if running.cancelling():
            for child in Child.running:
                child.kill()
        else:
            say("\nEnding Home Assistant and the exchange ...")
            running.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # nohup ignores this one on purpose.
        if number is not signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            asyncio.get_running_loop().add_signal_handler(number, stop)
    with contextlib.suppress(asyncio.CancelledError):
        await running


def main() -> int:
    """Run the command and return its exit status."""
    options = parse_arguments()
    try:
        with Installation(options.folder) as installation:
            require_free(options.port, "--port")
            require_free(options.exchange_port, "--exchange-port")
            require_free(options.exchange_port + 1, "--exchange-port")
            if options.reset:
                installation.reset()
            demo = Demo(installation, port=options.port, exchange_port=options.exchange_port)
            asyncio.run(run_until_stopped(demo))
    except DemoError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
