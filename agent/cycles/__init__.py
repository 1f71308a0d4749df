"""When things happen, and nothing else: control (seconds), planning (minutes), record, sync, upkeep."""
