"""The demonstration: a simulated site, a broker, the platform and the agent, days in minutes. Here they meet."""
