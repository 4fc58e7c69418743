"""What people ask of the decision log: sums, lists and clusters, computed by the database.

Each view is a function of a connection; :meth:`tierwise.data.decision_log.DecisionLog.ask` lends one.
"""
