"""Fixed-point formats for the tensors of models, from samples, and what saturates in them.

In: programs on tensors of floats. Out: formats and figures. May not know: loops, hardware.
"""
