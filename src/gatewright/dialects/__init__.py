"""The operations of the IR that are ours, or that xDSL lacks: their syntax and their verifiers.

In: nothing of ours. Out: operations and types. May not know: an analysis, a pass.
"""
