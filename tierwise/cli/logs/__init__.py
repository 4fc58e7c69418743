"""Commands on logs: import, export, tax, collect, label."""
