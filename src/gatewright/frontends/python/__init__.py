"""The Python front end: `load` compiles a Python function over NumPy arrays to the loops level.

The function's source is compiled from its syntax tree; it is never run. What of Python and NumPy is understood is in
`SUPPORTED`.
"""

from __future__ import annotations

from gatewright.frontends.python.kernel import kernel
from gatewright.frontends.python.loader import load
from gatewright.frontends.python.supported import SUPPORTED

__all__ = ["SUPPORTED", "kernel", "load"]
