"""Runs commands side by side, as many at a time as there are processors, and reports each with its time.

usage: steps.py NAME COMMAND [NAME COMMAND]...

A step that failed is shown with all of its output, one that passed with a line. The report ends with the failed steps
and pytest's closing lines. The exit status is 1 when a step failed.
"""

import asyncio
from collections.abc import Iterable
import contextlib
from dataclasses import dataclass
import os
from pathlib import Path
import re
import shutil
import signal
import sys
import tempfile
import time

PROGRESS_INTERVAL = 0.5
# Deletes the progress on a terminal before a line that stays.
CLEAR = "\r\033[K" if sys.stdout.isatty() else ""
CLOSING_LINE = re.compile(
    r"^(=+ )?[^\d\n]*\d+ (passed|failed|skipped|deselected|error).* in [\d.]+s.*$", re.MULTILINE
)
PROGRESS = re.compile(r"\[ *(\d+%)\]$", re.MULTILINE)


@dataclass
class Step:
    """A command with its name, its output and what became of it."""

    name: str
    command: str
    log: Path
    started: float | None = None
    seconds: float = 0
    status: int | None = None

    @property
    def output(self) -> str:
        """What the command has written up to now."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    @property
    def verdict(self) -> str:
        """The result in a word, as wide as any other."""
        return "passed" if self.status == 0 else "FAILED"

    @property
    def closing_lines(self) -> list[str]:
        """The lines with which pytest summed up."""
        return [match[0] for match in CLOSING_LINE.finditer(self.output)]

    async def run(self) -> None:
        """Run the command to its end; when cancelled, end it together with what it started."""
        self.started = time.monotonic()
        with self.log.open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                *("bash", "-c", self.command),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                process_group=0,
            )
        try:
            self.status = await process.wait()
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
                await process.wait()
            self.seconds = time.monotonic() - self.started

    def report(self) -> None:
        """Print the verdict, and all of the output of a command that failed."""
        print(f"{CLEAR}### {self.name}: {self.verdict} in {self.seconds:.0f} s", flush=True)
        if self.status != 0:
            print(self.output, flush=True)
            print(f"### end of {self.name}: FAILED with status {self.status}", flush=True)


async def show_progress(steps: Iterable[Step]) -> None:
    """Keep a line at the bottom of the terminal with the running steps and pytest's progress."""
    while True:
        running = [step for step in steps if step.started is not None and step.status is None]
        parts = [
            f"{step.name} {time.monotonic() - (step.started or 0):.0f} s {(PROGRESS.findall(step.output) or [''])[-1]}"
            for step in running
        ]
        line = " · ".join(parts)[: shutil.get_terminal_size().columns - 1]
        print(CLEAR + line, end="\r", flush=True)
        await asyncio.sleep(PROGRESS_INTERVAL)


async def run_all(steps: list[Step]) -> None:
    """Run the steps in their order, each as soon as a processor is free, and report each at its end."""
    processors = os.process_cpu_count() or 1
    at_once = min(processors, len(steps))
    slots = asyncio.Semaphore(at_once)
    # pytest-xdist reads it for "-n auto". Zero means no workers, which costs less than one.
    workers = processors // at_once
    os.environ["PYTEST_XDIST_AUTO_NUM_WORKERS"] = str(workers if workers > 1 else 0)

    async def run(step: Step) -> None:
        async with slots:
            print(f"{CLEAR}### {step.name}: started", flush=True)
            await step.run()
        step.report()

    progress = asyncio.create_task(show_progress(steps)) if CLEAR else None
    try:
        async with asyncio.TaskGroup() as group:
            for step in steps:
                group.create_task(run(step))
    finally:
        if progress is not None:
            progress.cancel()


async def main(arguments: list[str]) -> int:
    """Run the command and return its exit status."""
    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        # nohup ignores the second one on purpose.
        if signal.getsignal(number) is not signal.SIG_IGN:
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    with tempfile.TemporaryDirectory(prefix="steps.") as folder:
        pairs = zip(arguments[::2], arguments[1::2], strict=True)
        steps = [
            Step(name, command, Path(folder) / str(number)) for number, (name, command) in enumerate(pairs)
        ]
        await run_all(steps)
        # What failed comes last, where a reader looks first.
        steps.sort(key=lambda step: step.status != 0)
        failed = [step.name for step in steps if step.status != 0]
        print(f"{CLEAR}\n### Summary")
        for step in steps:
            print(f"{step.verdict} {step.seconds:5.0f} s  {step.name}")
        if failed:
            print(f"FAILED: {', '.join(failed)}. The output of each is above, after '### NAME: FAILED'.")
        for step in steps:
            print(*step.closing_lines, sep="\n", end="\n" if step.closing_lines else "")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main(sys.argv[1:])))
    except asyncio.CancelledError, KeyboardInterrupt:
        sys.exit(130)
