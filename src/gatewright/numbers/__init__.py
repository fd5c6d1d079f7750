"""The numbers that programs compute with: types, formats, arrays of them, and their bits.

In: nothing of ours. Out: types and conversions. May not know: the IR, hardware.
"""
