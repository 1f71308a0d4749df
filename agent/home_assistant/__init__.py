"""What Home Assistant is told over MQTT, and what it may ask: entities, their discovery, states and orders. Pure."""
