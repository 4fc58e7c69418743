"""Agent frameworks, each through the seam that it has for choosing a model: one small module and one extra apiece."""
