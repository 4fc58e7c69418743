"""Outcomes become a bundle; :mod:`~tierwise.training.train` is the story on one page.

==================  ==================================================================================
room                what is done there
==================  ==================================================================================
``fitting/``        trees, linear model, calibration, costs and familiarity, and their cross-fitting
``accepting/``      acceptance of answers, and courses with their operating points
``certification/``  which losses held-out steps prove
``engines/``        where parts of the work run
``encoders/``       sentence encoders for the bundle
``evaluation/``     what decisions are worth
``drift/``          whether the newest log still looks like the one before it
``flywheel/``       retraining, gates, promotion
``runs/``           what MLflow is told, and traces read from it
==================  ==================================================================================
"""
