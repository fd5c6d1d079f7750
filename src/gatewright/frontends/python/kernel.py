"""The decorator `kernel`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

KernelFunction = TypeVar("KernelFunction", bound=Callable[..., object])


def kernel(function: KernelFunction) -> KernelFunction:
    """Mark a function as a program for `gatewright.compile`. It stays a plain Python function."""
    setattr(function, "__gatewright_kernel__", True)  # noqa: B010  a function has no such attribute
    return function
