"""Outcomes on their way to the service, or to the log of this process: spooled, posted, tried again."""
