"""The live router: where bundles come from, how it is exchanged as a whole, and the challenger in its shadow."""
