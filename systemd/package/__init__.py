"""The Debian package: its environment from the lock by hash, what stands beside it, its bill of materials."""
