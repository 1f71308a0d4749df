"""The edge agent: polls, forecasts, plans, steers the battery, records, and syncs with the central platform."""
