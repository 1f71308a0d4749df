"""Alerts that leave the house: what is told, how often, and by which way."""
