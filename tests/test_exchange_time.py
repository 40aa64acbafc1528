import asyncio

import aiohttp

from simulator import SimulatedExchange
from tests.helpers.virtual_time import pass_time, virtual_loop

_DAY = 86_400_000


async def test_exchange_has_virtual_time_whatever_the_clock_of_the_host_does(
    exchange: SimulatedExchange,
) -> None:
    before = exchange.clock()
    virtual_loop().move_wall_clock(-3600)
    await pass_time(5)
    # What really passes is on the wall clock too.
    assert before + 5000 <= exchange.clock() < before + 65_000
    exchange.markets.set_price("SGD-BTC", 5)
    await pass_time((_DAY - exchange.clock() % _DAY) / 1000 + 1)
    assert exchange.markets["SGD-BTC"].previous_close == 5


async def test_public_stream_is_cut_after_a_minute_without_traffic(exchange: SimulatedExchange) -> None:
    loop = asyncio.get_running_loop()
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(exchange.websocket_url) as socket,
    ):
        await socket.send_json([{"ticket": "t"}, {"type": "ticker", "codes": ["SGD-BTC"]}])
        await socket.receive()
        snapshot_at = loop.time()
        await socket.receive()
        assert socket.close_code == aiohttp.WSCloseCode.ABNORMAL_CLOSURE
    assert 60 < loop.time() - snapshot_at < 62
