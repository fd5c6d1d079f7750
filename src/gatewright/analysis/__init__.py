"""Analyses of the IR that more than one pass uses. They change nothing.

In: a function. Out: facts: dependences, ranges, trip counts. May not know: a pass.
"""
