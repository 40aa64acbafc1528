"""The folder of the demo: Home Assistant's configuration, the exchange's state, logs and a lock."""

import fcntl
import json
import os
from pathlib import Path
import shutil
import sys
from types import TracebackType
from typing import Self

from .terminal import DemoError

REPOSITORY = Path(__file__).parent.parent
TEMPLATE = REPOSITORY / "demo" / "configuration"
LINKS = {
    "custom_components/upbit": REPOSITORY / "custom_components" / "upbit",
    "custom_components/upbit_simulated": REPOSITORY / "demo" / "custom_components" / "upbit_simulated",
    "custom_sentences": REPOSITORY / "assist" / "custom_sentences",
    "upbit_intent_script.yaml": REPOSITORY / "assist" / "upbit_intent_script.yaml",
}

WITH_PAST = REPOSITORY / "demo" / "with_past.py"

# The address of the dashboard, below Home Assistant's own.
DASHBOARD = "upbit-demo"


class Installation:
    """What one demo keeps between its starts, used by one process at a time: ``with Installation(folder)``.

    Raises DemoError when another demo uses the folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.configuration = self.folder / "config"
        self.home_assistant_log = self.folder / "home-assistant.log"
        self.database = self.configuration / "home-assistant_v2.db"
        self.exchange_state = self.folder / "exchange.json"
        self.exchange_log = self.folder / "exchange.log"
        self._lock_file = self.folder / ".lock"
        self._lock: int | None = None

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(f"Another demo is running in {self.folder}. End it first.") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._lock is not None
        os.close(self._lock)

    def reset(self) -> None:
        """Delete everything but the lock."""
        for path in self.folder.iterdir():
            if path == self._lock_file:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()

    def prepare(self, port: int) -> bool:
        """Make the configuration, or update the existing one; return whether it has no past yet."""
        self.configuration.mkdir(exist_ok=True)
        new = not (self.configuration / ".storage" / "onboarding").exists()
        for source in TEMPLATE.iterdir():
            target = self.configuration / source.name
            # What Home Assistant's editors write (automations, …) belongs to the user, the rest to the demo.
            if source.name == "configuration.yaml" or not target.exists():
                shutil.copyfile(source, target)
        (self.configuration / "custom_components").mkdir(exist_ok=True)
        for name, source in LINKS.items():
            link = self.configuration / name
            link.unlink(missing_ok=True)
            link.symlink_to(source, target_is_directory=source.is_dir())
        # Home Assistant keeps the address it listens on in its storage. It migrates version 1 and adds the
        # defaults of its own version.
        self._store("http", 1, {"server_host": ["127.0.0.1"], "server_port": port})
        if new:
            # Home Assistant's pages do this step otherwise, and add integrations that need the internet.
            self._store("onboarding", 4, {"done": ["core_config"]})
            self._store_dashboard()
        return not self.database.exists()

    def home_assistant_command(self, *, with_past: bool = False) -> list[str]:
        """Return the command that starts Home Assistant, with the Python that runs the demo.

        ``-P`` keeps the current folder off Python's path: a ``custom_components`` in it would hide the configuration's.
        """
        program = [str(WITH_PAST), str(self.database)] if with_past else ["-m", "homeassistant"]
        return [
            sys.executable,
            "-P",
            *program,
            "--config",
            str(self.configuration),
            "--log-no-color",
        ]

    def _store_dashboard(self) -> None:
        """Add the integration's dashboard with things to try, and make it Home Assistant's first page."""
        dashboard = {
            "id": DASHBOARD.replace("-", "_"),
            "url_path": DASHBOARD,
            "mode": "storage",
            "title": "Upbit demo",
            "icon": "mdi:wallet-outline",
            "show_in_sidebar": True,
            "require_admin": False,
        }
        self._store("lovelace_dashboards", 1, {"items": [dashboard]})
        self._store(f"lovelace.{dashboard['id']}", 1, {"config": {"strategy": {"type": "custom:upbit-demo"}}})
        self._store("frontend.system_data", 1, {"core": {"default_panel": DASHBOARD}})

    def _store(self, key: str, version: int, data: object) -> None:
        storage = self.configuration / ".storage"
        storage.mkdir(exist_ok=True)
        content = {"version": version, "minor_version": 1, "key": key, "data": data}
        (storage / key).write_text(json.dumps(content, indent=2), encoding="utf-8")
