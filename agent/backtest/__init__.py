"""Plays a site's history through the agent's own planning and dispatch, beside other policies, in money."""
