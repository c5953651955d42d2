"""The application you start: the command line, the settings, and the module that wires the parts together."""
