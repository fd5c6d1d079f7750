"""Exact dependences between the accesses of arrays, over all iterations of a loop nest, with the isl library.

`description` says what a loop nest does, without IR; `analysis` finds the dependences; `ticks` counts iterations of a
nest that runs as one loop; `last_writers` follows values through memory; `from_loops` describes a loops-level function.
"""
