"""The Python front end: `load` compiles a Python function over NumPy arrays to the loops level.

The function's source is compiled, never run: its syntax tree is elaborated into a typed tree (`tree`), whose names are
bound to what is known of them (`values`), and of that `emission` makes the IR. What is understood of Python and NumPy
is in `SUPPORTED`. Numbers behave as they do in Python with NumPy 2:

1. Elements of arrays and NumPy numbers have a type and wrap at its width. Two of them meet in NumPy's type; widths that
   NumPy lacks (`gw.int_(12)`) meet in the wider one, or in one bit more than the unsigned one if the signs differ. What
   NumPy makes float64 is refused.
2. Python integers are 64 bits and signed. Next to a NumPy number they take its type; a literal must fit it.
3. Dividing by zero gives 0, shifting by the width or more 0 or the sign, as in NumPy.
4. A variable whose type depends on the path (`total = 0`, then `total += a[i]` in a loop) is kept in a type that holds
   all it may be. Arithmetic on it must have one meaning, whichever type it has; otherwise it is refused.
5. A name for one of several arrays, depending on the path, means a copy. Changing the copy, or what it was copied from
   while that can still be reached, is refused.
6. `gw.fixed` numbers have exact sums and products, of as many bits as that takes. They are rounded, to nearest and to
   even, and saturated where they are stored: into an array element, by a cast, and into a variable, which keeps the
   format of its first assignment in the text. A float literal is the exact binary number that Python makes of it. A
   result of more than 64 bits loses its lowest ones, unless the return annotation names another format.
7. The right side of an array assignment is read before anything is stored, even where it overlaps the left side. (NumPy
   itself does not for two overlapping vectors of different strides.)
8. Casts with `gw` types wrap; casts with NumPy types refuse a literal that does not fit, as NumPy does. Fixed point
   becomes an integer by dropping the fraction, towards zero, and saturating.
"""

from __future__ import annotations

from gatewright.frontends.python.kernel import kernel
from gatewright.frontends.python.loader import load
from gatewright.frontends.python.supported import SUPPORTED

__all__ = ["SUPPORTED", "kernel", "load"]
