"""The modules that importing the integration adds to those of Home Assistant, as a JSON list.

usage: python -m benchmarks.imports

It needs a process of its own, because a module is imported once.
"""

import importlib
import json
import pkgutil
import sys


def main() -> None:
    """Import the integration, and print the new modules."""
    # This imports everything that Home Assistant needs before it sets up an integration.
    importlib.import_module("homeassistant.bootstrap")
    before = set(sys.modules)
    package = importlib.import_module("custom_components.upbit")
    for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        importlib.import_module(module.name)
    print(json.dumps(sorted(set(sys.modules) - before)))


if __name__ == "__main__":
    main()
