"""Passes from linalg on tensors to loops over arrays.

In: linalg on tensors. Out: loops, memref and arith. May not know: schedules, hardware.
"""
