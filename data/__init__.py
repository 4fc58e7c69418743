"""What we know of steps and of what became of them.

=================  ==================================================================================
room               what is there
=================  ==================================================================================
``catalogue/``     tiers, their models, and what they are called and cost
``decision_log/``  what was decided and what came of it, on SQLite or PostgreSQL
``importers/``     foreign logs become step logs
``replies/``       one reading of providers' replies
``answers/``       answer keys: which answers mean the same
``compared/``      answers side by side, people's labels, a judge corrected by them
``drawing/``       which steps are learned from and which are kept aside
``foreign/``       limits and shapes of what others wrote: schemas, patterns, JSON
``sensitive/``     secrets and personal data, and what of a step may be stored
``tax/``           the frontier tax
``samples/``       the sample log
``program/``       what the program says of itself: version, missing extras, trouble that repeats
=================  ==================================================================================

Beside them, the records that everything else passes around, their forms (mappings, JSON Lines, Parquet) and their
labels.
"""
