"""PyTorch models, as programs on tensors.

In: modules and exported programs. Out: linalg on tensors. May not know: passes, hardware.
"""
