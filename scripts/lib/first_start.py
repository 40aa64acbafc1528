"""Prints the packages that Home Assistant installs when it first starts: what its platforms and backups need.

usage: first_start.py, with the Python of an environment that has Home Assistant
"""

from importlib.metadata import distribution
import json
from pathlib import Path

COMPONENTS = Path(str(distribution("homeassistant").locate_file("homeassistant/components")))


def main() -> None:
    """Print the requirements, one a line."""
    manifests = {
        path.parent.name: json.loads(path.read_text(encoding="utf-8"))
        for path in COMPONENTS.glob("*/manifest.json")
    }
    wanted = [
        "backup",
        *(name for name, each in manifests.items() if each.get("integration_type") == "entity"),
    ]
    seen = set[str]()
    while wanted:
        name = wanted.pop()
        if name in manifests and name not in seen:
            seen.add(name)
            wanted += manifests[name].get("dependencies", [])
            wanted += manifests[name].get("after_dependencies", [])
    for requirement in sorted({each for name in seen for each in manifests[name].get("requirements", ())}):
        print(requirement)


if __name__ == "__main__":
    main()
