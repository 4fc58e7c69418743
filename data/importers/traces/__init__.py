"""Readers of traces: spans in the vocabularies that are in use, and platforms' exports of them."""
