"""Decisions over HTTP.

===============  ====================================================================================
room             what is done there
===============  ====================================================================================
``routes/``      the addresses of the API, one module each
``http/``        requests and answers: bodies, records on the wire, problems, OpenAPI, the connection
``access/``      who may ask, and how often
``deciding/``    a request becomes a decision: arms, experiment, cache, exploration, fallback
``routers/``     the live router: where bundles come from, the exchange, the challenger's shadow
``recording/``   decisions and outcomes on their way to the log, and what is read and removed there
``watching/``    what the service says of itself: logs, metrics, traces, budgets, the promise
``gateway/``     calls the models too
``dashboard/``   pages for people
===============  ====================================================================================

Beside them: :mod:`~tierwise.serving.app` (wiring), ``run`` and ``worker`` (the processes), ``service`` (the parts,
put together once) and ``settings``.
"""
