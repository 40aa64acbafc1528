"""Every fault of the exchange, the network or Home Assistant, and what a user then sees; in virtual time."""
