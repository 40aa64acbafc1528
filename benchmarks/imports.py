"""What importing the integration costs on top of what Home Assistant has imported itself.

usage: python -m benchmarks.imports

Prints the seconds and the modules as JSON. A process of its own, because a module is imported once.
"""

import importlib
import json
import pkgutil
import sys
from time import process_time


def main() -> None:
    """Import, and print what it took."""
    # With it comes what Home Assistant imports before it sets up any integration.
    importlib.import_module("homeassistant.bootstrap")
    before = set(sys.modules)
    started = process_time()
    package = importlib.import_module("custom_components.upbit")
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    seconds = process_time() - started
    new = set(sys.modules) - before
    print(json.dumps({"seconds": seconds, "modules": sorted(new)}))


if __name__ == "__main__":
    main()
