"""What a design tells of itself: facts, as text, as a page, in a folder.

In: a scheduled and a lowered program. Out: rows, text, HTML, files. May not know: how they were compiled.
"""
