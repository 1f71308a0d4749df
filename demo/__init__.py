"""The demonstration: a simulated site, a broker, the platform and the agent, a day in a minute. Here they meet."""
