"""Watches in production whether the certified loss still holds. numpy alone; no training code."""
