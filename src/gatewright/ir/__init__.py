"""What all levels of the IR share: programs and their interfaces, contexts, locations, facts of operations.

In: modules of our dialects. Out: what they say. May not know: an analysis, a pass, how anything runs.
"""
