"""The soak: hours of trading and mishaps in virtual time, and figures of what the integration made of them."""
