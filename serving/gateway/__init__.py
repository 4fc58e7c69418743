"""The gateway: an OpenAI-compatible front that picks the tier of each call, calls its model and records what came.

``calls/`` holds one call from its body to the relayed answer, ``courses/`` what asks more than one tier, and
``conversations/`` what is remembered between calls. Here: the gateway as one object, its models and its reports.
"""
