"""The demo: its story, its log and its traffic."""
