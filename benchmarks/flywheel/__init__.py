"""Weeks in minutes: the flywheel on a real service, a real MLflow store and a real decision log."""
