"""The bench: what the agent costs, beside a yardstick measured in the same run. ``python -m tests.bench``."""
