# Home Assistant replaces voluptuous by probatio when imported: type checkers must see one Schema, not two.
from probatio import *  # noqa: F403
