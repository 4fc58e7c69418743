"""From evidence to a promise: what a router may do so that the top tier's successes are kept, part by part.

``units`` what is independent of what; ``betting`` the finite-sample test; ``held_out`` predictions beside evidence;
``paths`` policies from careful to bold; ``points`` the boldest that one part certifies; ``parts`` which steps are
certified together, and the whole; ``cascades`` the same where a verifier catches failures and the next tier is asked.
"""
