"""The version of Tierwise, for what is written; a test holds it to those of pyproject.toml and of the import name."""

VERSION = "0.1.0"
