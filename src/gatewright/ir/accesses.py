"""Loads from arrays and stores to them."""

from __future__ import annotations

from typing import TypeAlias

from xdsl.dialects import memref

MemoryAccess: TypeAlias = memref.LoadOp | memref.StoreOp
"""An operation that loads an element of an array, or stores one."""
