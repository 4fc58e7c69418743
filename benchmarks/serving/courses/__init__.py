"""How long whole calls take with courses and with single shots, before models that take the time that the log tells."""
