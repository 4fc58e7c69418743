"""Readers of coding agents' sessions, one module an agent."""
