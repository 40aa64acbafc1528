"""What the tests share: the harness, virtual time, and what sets automations and forms up."""
