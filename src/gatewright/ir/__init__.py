"""What all levels of the IR share: programs, interfaces, contexts, locations, facts of operations; what passes share.

In: modules of our dialects. Out: what they say. May not know: an analysis, a pass, how anything runs.
"""
