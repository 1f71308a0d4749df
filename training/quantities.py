"""The quantities that are forecast, and the folder of the exported model of each."""

FOLDERS = {"load_w": "consumption", "pv_w": "solar"}
