"""A Modbus library for meters, inverters and batteries. It can be used alone and imports nothing of the agent."""
