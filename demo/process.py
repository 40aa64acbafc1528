"""Runs another program so that it never outlives the demo."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
import contextlib
import ctypes
import os
from pathlib import Path
import signal
import sys
from types import TracebackType
from typing import ClassVar, Self

from .terminal import DemoError

# Home Assistant writes its last states to disk while it stops.
STOP_TIMEOUT = 30
LINES_SHOWN = 15
PR_SET_PDEATHSIG = 1


def _end_with_parent() -> None:
    """Have the kernel end this process if the demo is killed (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """A program that runs as long as the block: ``async with Child("name", command, …) as child``.

    It gets a session of its own, so that Ctrl-C and a closing terminal reach the demo alone, which then ends its
    children in order.
    """

    running: ClassVar[set[Child]] = set()

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        folder: Path,
        log: Path,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._name = name
        self._command = command
        self._folder = folder
        self._log = log
        self._environment = os.environ | dict(environment or {})
        self._process: asyncio.subprocess.Process

    async def __aenter__(self) -> Self:
        with self._log.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                cwd=self._folder,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        self.running.add(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._process.returncode is None:
                self._process.terminate()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(STOP_TIMEOUT):
                        await self._process.wait()
        finally:
            self.kill()
            self.running.discard(self)

    def kill(self) -> None:
        """Kill the program and whatever it started."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    async def wait(self) -> int:
        """Return the exit status once the program has ended."""
        return await self._process.wait()

    async def while_running[T](self, work: Coroutine[object, object, T]) -> T:
        """Return what the work returns; raises DemoError when the program ends before the work is done."""
        done, ended = asyncio.ensure_future(work), asyncio.ensure_future(self.wait())
        try:
            await asyncio.wait((done, ended), return_when=asyncio.FIRST_COMPLETED)
            if not done.done():
                raise self.failure(ended.result())
            return done.result()
        finally:
            done.cancel()
            ended.cancel()
            await asyncio.gather(done, ended, return_exceptions=True)

    def failure(self, status: int) -> DemoError:
        """Return the error for a program that has ended, with the last lines of its log."""
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-LINES_SHOWN:]
        return DemoError(
            "\n".join((f"{self._name} ended with status {status}. The end of {self._log}:", *lines))
        )
