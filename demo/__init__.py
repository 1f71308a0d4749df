"""The demonstration: a simulated site, a broker, the platform and the agent, days in a minute or two. Here they meet."""
