"""Exploration: many designs of one program, by budget, clock and precision, and the best among them.

In: a source, and for each option the values to try. Out: a table, a Pareto front, drawings. May not know: how a design
is compiled, beyond `compile` and its report.
"""
