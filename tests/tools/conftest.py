"""Tools are no part of the package: the checkout goes to the end of the path, after everything installed."""

import sys
from pathlib import Path

_ROOT = str(Path(__file__).parents[2])
if _ROOT not in sys.path:
    sys.path.append(_ROOT)
