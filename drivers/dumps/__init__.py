"""Captured devices: what a device answered over a while, as a file that can be served again."""
