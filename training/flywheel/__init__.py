"""The flywheel: production logs in, a challenger out, gates before it, promotion and rollback with an audit trail."""
