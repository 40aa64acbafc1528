"""Runs the simulated exchange on its own, with prices that move and an account that somebody trades with."""

import argparse
import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
import signal
import sys

from .control import Control
from .example import example_holdings, set_up_example
from .price_walk import PriceWalk
from .regions import REGIONS
from .server import ACCESS_KEY, SECRET_KEY, SimulatedExchange
from .state import keep_saved, load
from .trading import Trader


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    parser.add_argument("--port", type=int, default=8787, help="port of REST and stream (default 8787)")
    parser.add_argument(
        "--control-port", type=int, help="port of the control interface (default: the one after --port)"
    )
    parser.add_argument("--region", choices=REGIONS, default="sg", help="the region to play (default sg)")
    parser.add_argument("--pace", type=float, default=1, help="steps of trading a second (default 1)")
    parser.add_argument("--price-pace", type=float, default=3, help="trades of others a second (default 3)")
    parser.add_argument("--paused", action="store_true", help="begin with trading and prices paused")
    parser.add_argument("--seed", type=int, default=1, help="which course trading takes (default 1)")
    parser.add_argument("--state", type=Path, help="file that keeps account and keys over a restart")
    parser.add_argument("--access-key", default=ACCESS_KEY, help="access key of the account")
    parser.add_argument("--secret-key", default=SECRET_KEY, help="secret key of the account")
    options = parser.parse_args(arguments)
    if options.pace <= 0 or options.price_pace <= 0:
        parser.error("--pace and --price-pace must be above 0; --paused pauses")
    if options.control_port is None:
        options.control_port = options.port + 1 if options.port else 0
    return options


async def run(options: argparse.Namespace) -> None:
    """Run until SIGINT or SIGTERM."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    exchange = SimulatedExchange(
        options.region,
        port=options.port,
        holdings=example_holdings(REGIONS[options.region]),
        access_key=options.access_key,
        secret_key=options.secret_key,
    )
    thin = set_up_example(exchange)
    if options.state is not None and options.state.exists():
        load(exchange, options.state)
    trader = Trader(
        exchange.account, exchange.region.fiat, markets=exchange.markets, seed=options.seed, pace=options.pace
    )
    prices = PriceWalk(exchange.markets, thin=thin, seed=options.seed, pace=options.price_pace)
    trader.paused = prices.paused = options.paused
    control = Control(exchange, trader=trader, prices=prices, port=options.control_port)
    async with AsyncExitStack() as stack:
        await exchange.start()
        stack.push_async_callback(exchange.stop)
        await control.start()
        stack.push_async_callback(control.stop)
        tasks = [asyncio.create_task(each) for each in (trader.run(), prices.run(), stop.wait())]
        if options.state is not None:
            tasks.append(asyncio.create_task(keep_saved(exchange, options.state)))
        print(
            f"Simulated Upbit ({options.region}) at {exchange.rest_url}\n"
            f"  stream      {exchange.websocket_url}/private\n"
            f"  tickers     {exchange.websocket_url}\n"
            f"  control     {control.url}\n"
            f"  access key  {options.access_key}\n"
            f"  secret key  {options.secret_key}\n"
            "Ctrl-C stops it.",
            flush=True,
        )
        # Until the signal to stop, or until another task has failed.
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result


def main() -> int:
    """Run the command; returns its exit status, 2 if it could not start."""
    options = parse_arguments()
    try:
        asyncio.run(run(options))
    except (OSError, ValueError) as error:
        print(f"The simulated exchange cannot run: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
