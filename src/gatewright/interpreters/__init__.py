"""Programs of every level above the hardware, run as Python that is generated from them, or by MLIR.

In: a program and its arguments. Out: results, and cycles of a schedule. May not know: a pass, the hardware.
"""
