"""The compiler on one page: levels, the passes between them, and the design that comes out.

In: any source. Out: a design. May not know: the commands.
"""
