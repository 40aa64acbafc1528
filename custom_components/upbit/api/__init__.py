"""Upbit without Home Assistant: regions, tokens, wire format, ledger, REST and stream."""
