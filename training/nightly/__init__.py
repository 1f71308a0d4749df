"""The platform's night: fit, compare with what is deployed, deploy what is better."""
