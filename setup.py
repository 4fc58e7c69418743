"""Finds the packages: a layer is a folder at the root, ``tierwise.<folder>`` in Python. pyproject.toml holds the rest.

They are found by their folders, not through the links in ``tierwise``: sources without links build as well.
"""

from pathlib import Path

from setuptools import setup

LAYERS = ("agents", "data", "features", "router_model", "serving", "training")
ROOT = Path(__file__).resolve().parent


def found(folder: str) -> list[str]:
    """The import names of every package in ``folder``, itself included."""
    inits = (ROOT / folder).rglob("__init__.py")
    names = [".".join(init.parent.relative_to(ROOT).parts) for init in inits]
    return sorted(name if folder == "tierwise" else f"tierwise.{name}" for name in names)


setup(
    packages=[name for folder in ("tierwise", *LAYERS) for name in found(folder)],
    package_dir={f"tierwise.{layer}": layer for layer in LAYERS},
)
