"""Blocking calls in the event loop, as Home Assistant's own watch reports them."""

from collections.abc import Iterator
from contextlib import contextmanager
import logging

from homeassistant.util import loop


class _Reports(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


@contextmanager
def reported_blocking_calls() -> Iterator[list[str]]:
    """Collect the reports; the benchmark's own calls, at its beginning and end, are in them too."""
    logger = logging.getLogger(loop.__name__)
    reports = _Reports()
    logger.addHandler(reports)
    logger.propagate = False
    try:
        yield reports.texts
    finally:
        logger.removeHandler(reports)
        logger.propagate = True
