"""Fits the two exported forecast models and writes them with their cards."""
