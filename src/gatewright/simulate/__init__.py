"""Running the hardware: in process by CIRCT, and by Verilator.

In: the text of a design and its memory images. Out: results and cycles. May not know: how the design was compiled.
"""
