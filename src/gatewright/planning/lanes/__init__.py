"""Lanes: how many iterations of each nest are done at once, and in how many banks arrays are kept for that.

In: a function of loops, and a pool of multipliers.
Out: decisions to unroll loops and to bank arrays, each with its reason.
May not know: how loops are unrolled and arrays banked.
"""
