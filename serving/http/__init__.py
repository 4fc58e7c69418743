"""Requests and answers: bodies, records on the wire, problems, the OpenAPI document, the connection."""
