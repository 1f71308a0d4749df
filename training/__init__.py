"""Offline: trains the exported models and scores forecasters on measured sites. Never imported by the agent."""
