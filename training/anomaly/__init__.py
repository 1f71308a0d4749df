"""Fits the anomaly detector, and says how often it is right."""
