"""The soak: hours of trading and scenarios in virtual time, and figures of what the integration made of them."""
