import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import json
from pathlib import Path
import signal
import sys
import time
from typing import Any

import aiohttp
import pytest

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def _command(*arguments: str) -> AsyncGenerator[tuple[asyncio.subprocess.Process, dict[str, str]]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "simulator",
        *arguments,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    printed: dict[str, str] = {}
    try:
        async for line in process.stdout:
            words = line.decode().split()
            if words[0] == "Ctrl-C":
                break
            printed[words[0]] = words[-1]
        yield process, printed
    finally:
        if process.returncode is None:
            process.terminate()
        await process.communicate()


async def _get(session: aiohttp.ClientSession, url: str) -> Any:
    async with session.get(url) as response:
        return await response.json()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_it_trades_until_it_is_stopped(session: aiohttp.ClientSession, number: signal.Signals) -> None:
    async with _command("--port", "0", "--pace", "200") as (process, printed):
        before = await _get(session, f"{printed['control']}/account")
        while await _get(session, f"{printed['control']}/account") == before:
            await asyncio.sleep(0.01)
        process.send_signal(number)
        assert await process.wait() == 0


async def test_prices_move_and_each_kind_of_price_is_held(session: aiohttp.ClientSession) -> None:
    async with _command("--port", "0", "--price-pace", "200") as (_, printed):
        before = await _get(session, f"{printed['control']}/markets")
        while (markets := await _get(session, f"{printed['control']}/markets")) == before:
            await asyncio.sleep(0.01)
        held = await _get(session, f"{printed['control']}/account")
        by_base: dict[str, list[str]] = {}
        for code in markets:
            by_base.setdefault(code.partition("-")[2], []).append(code)
        assert by_base["ADA"] == ["BTC-ADA"]
        assert "ADA" in held
        assert [coin for coin in held if coin != "SGD" and coin not in by_base] == ["SGB"]
        assert time.time() - markets["SGD-TRX"]["traded_at"] / 1000 > 3600
        averages = await _get(session, f"{printed['control']}/averages")
        assert averages["ADA"]["unit"] == "BTC"


async def test_accounts_and_keys_survive_a_restart(session: aiohttp.ClientSession, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    arguments = ("--port", "0", "--paused", "--region", "th", "--state", str(state))
    async with _command(*arguments) as (_, printed):
        control = printed["control"]
        async with session.put(f"{control}/account", json={"ADA": {"available": "1.10", "locked": "0"}}):
            pass
        async with session.patch(f"{control}/keys/{'DEMOACCESSKEY' * 3}0", json={"permissions": []}):
            pass
        other = {"access_key": "OTHER", "holdings": {"XRP": {"available": "2.50"}}}
        async with session.post(f"{control}/accounts", json=other):
            pass
        held = await _get(session, f"{control}/account")
    saved = json.loads(state.read_text())
    assert saved["others"][0]["holdings"] == {"XRP": {"available": "2.50", "locked": "0"}}
    async with _command(*arguments) as (_, printed):
        assert await _get(session, f"{printed['control']}/account") == held
        assert held["ADA"]["available"] == "1.10"
        first, second = await _get(session, f"{printed['control']}/keys")
        assert (first["permissions"], second["access_key"]) == ([], "OTHER")
    assert json.loads(state.read_text()) == saved
    async with _command("--port", "0", "--state", str(state)) as (process, _):
        assert await process.wait() == 2
    assert json.loads(state.read_text())["region"] == "th"


async def test_taken_port_is_named_in_the_error() -> None:
    async with _command("--port", "0") as (_, printed):
        port = printed["Simulated"].rpartition(":")[2]
        async with _command("--port", port) as (second, _):
            assert second.stderr is not None
            assert (await second.stderr.read()).decode().strip().endswith(f"port {port} is taken")
            assert await second.wait() == 2


async def test_it_needs_nothing_of_home_assistant_or_the_integration() -> None:
    program = (
        "import sys, simulator.__main__ as _;"
        "print([name for name in sys.modules if name.partition('.')[0] in ('homeassistant', 'custom_components')])"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    assert printed.decode().strip() == "[]"
