"""Scheduling as mathematics: a problem in, a schedule out, and a check between them. No IR.

In: operations, dependences with distances, operators with limits.
Out: times, units, and why no shorter interval exists.
May not know: the IR, the program.
"""
