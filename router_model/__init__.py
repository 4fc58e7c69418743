"""A vector becomes a decision. No training code.

===============  =====================================================================================
room             what is done there
===============  =====================================================================================
``predicting/``  from vectors to calibrated probabilities and costs
``choosing/``    from those to a tier: policy, guardrails, parts, exploration
``accepting/``   courses, and what is done with answers that came
``knowing/``     whether a step is like those that were learned from, and which of them it is like
``monitor/``     drift and the promise, watched as decisions pass
===============  =====================================================================================

Beside them: the router and its bundle, the protocol of deciders with the rules, options, explanation, and the steps
that a promise still needs.
"""
