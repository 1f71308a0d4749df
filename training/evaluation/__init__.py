"""Every model on every measured site, walked forward as the agent would: one file of results."""
