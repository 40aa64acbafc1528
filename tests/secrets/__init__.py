"""The search for secrets: nothing that the integration writes, shows or keeps tells what it must not."""
