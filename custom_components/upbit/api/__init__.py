"""Everything that knows Upbit and nothing of Home Assistant: regions, tokens, wire format, ledger, REST and stream."""
