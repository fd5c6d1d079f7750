"""One reader for each kind of source.

In: a function, a model, a file. Out: a program at the level at which it is written. May not know: a pass, the hardware.
"""
