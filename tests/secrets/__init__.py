"""The search for secrets: nothing that the integration writes, shows or stores contains them."""
