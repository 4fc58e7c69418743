"""How the steps of the sample log were generated, and the table of its pass rates (data/samples/README.md)."""
