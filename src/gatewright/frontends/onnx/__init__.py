"""ONNX files, as programs on tensors.

In: files. Out: linalg on tensors. May not know: passes, hardware.
"""
