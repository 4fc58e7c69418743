"""Families whose answer has a form: fields, rows, verdicts on records, notes in a schema."""
