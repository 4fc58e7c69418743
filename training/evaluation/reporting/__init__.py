"""Findings as tables, pictures and reports."""
