"""The one door to the foreign compilers, torch-mlir and CIRCT.

In: text and bytes. Out: text and bytes, or their errors. May not know: what the text means to us.
"""
