"""Random programs over NumPy arrays, run at every level and compared with Python itself.

`generator.generate(seed, index)` writes a program as source text, `check.check(program)` compiles and compares it, and
`reduce.reduce(program, failure)` shortens a program that fails.
"""
