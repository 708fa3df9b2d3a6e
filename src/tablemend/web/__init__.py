"""The browser and the JSON interface: faces that parse, call the workspace and show."""
