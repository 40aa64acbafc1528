"""Runs a soak and prints its figures; the exit status is 1 where anything was wrong or left behind."""

import argparse
import json
import logging
from pathlib import Path
import sys

from simulator import REGIONS
from tests.helpers.virtual_time import run

from .course import soak


def parse_arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    duration = parser.add_mutually_exclusive_group()
    duration.add_argument("--hours", type=float, default=24.0, help="virtual hours (default 24)")
    duration.add_argument("--minutes", type=float, help="virtual minutes, in the place of hours")
    parser.add_argument("--seed", type=int, default=1, help="which course it takes (default 1)")
    parser.add_argument("--region", choices=REGIONS, default="sg", help="the region to play (default sg)")
    parser.add_argument("--pace", type=float, default=0.5, help="steps of trading a second (default 0.5)")
    parser.add_argument("--json", type=Path, metavar="PATH", help="write the figures to this file too")
    options = parser.parse_args()
    if options.minutes is not None:
        options.hours = options.minutes / 60
    if options.hours <= 0 or options.pace <= 0:
        parser.error("time and pace must be above 0")
    return options


def main() -> int:
    """Run the command; returns its exit status."""
    options = parse_arguments()
    logging.basicConfig(level=logging.ERROR)
    figures = run(soak(options.hours, seed=options.seed, region=options.region, pace=options.pace))
    if options.json is not None:
        options.json.write_text(json.dumps(figures.as_dict(), indent=2) + "\n", encoding="utf-8")
    print(figures.table())
    for failure in figures.failures:
        print(f"FAILED: {failure}", file=sys.stderr)
    return 1 if figures.failures else 0


if __name__ == "__main__":
    sys.exit(main())
