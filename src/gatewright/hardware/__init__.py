"""The face of a design: the ports of its top module and the words on them.

In: the signature of a program. Out: ports. May not know: how the hardware behind them is built or simulated.
"""
