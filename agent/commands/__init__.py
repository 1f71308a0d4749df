"""The command line, one file a command. Imports are made inside, so that the daemon loads only what it needs."""
