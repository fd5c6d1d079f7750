"""Models with complex numbers as models of their real and imaginary parts.

torch-mlir has complex matrix products and views, and nothing else of complex numbers. PyTorch itself knows every
operation by its parts (`torch._subclasses.complex_tensor`): a program is run on pairs of tensors, and recorded again.
"""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, Any

from gatewright.errors import UnsupportedError
from gatewright.frontends.torch.decompositions import place_of
from gatewright.frontends.torch.fourier import transforms

if TYPE_CHECKING:
    from torch.export import ExportedProgram


def is_complex(value: Any) -> bool:
    """True for a tensor of complex numbers."""
    return getattr(getattr(value, "dtype", None), "is_complex", False)


def has_complex(exported: ExportedProgram) -> bool:
    """True for a program in which a tensor is complex."""
    return any(is_complex(node.meta.get("val")) for node in exported.graph.nodes)


def by_parts(torch: Any, exported: ExportedProgram) -> ExportedProgram:
    """The program on real numbers: every complex tensor that it takes or returns has its parts on one more axis.

    Raises UnsupportedError for an operation that PyTorch does not know by its parts.
    """
    exported = exported.run_decompositions()
    placeholders = {node.name: node.meta["val"] for node in exported.graph.nodes if node.op == "placeholder"}
    given = [placeholders[name] for name in exported.graph_signature.user_inputs if isinstance(name, str)]
    examples = tuple(
        torch.zeros((*value.shape, 2), dtype=value.dtype.to_real()) if is_complex(value)
        else torch.zeros(value.shape, dtype=value.dtype)
        for value in given
    )  # fmt: skip
    from torch.fx.experimental.proxy_tensor import make_fx

    model = _parts_module(torch, exported.module(), [is_complex(value) for value in given])
    with torch.no_grad():
        graph = _folded(torch, make_fx(model)(*examples))
        found = torch.export.export(graph, examples, strict=False)
    if has_complex(found):
        raise UnsupportedError(
            "this model keeps complex numbers that are not made of their parts",
            why="PyTorch does not know one of its operations by the real and imaginary parts",
            remedy="compute with the parts: z.real and z.imag",
        )
    return found


def _folded(torch: Any, model: Any) -> Any:
    """A graph whose constants are computed; what only asks about tensors, or only hands them on, is gone."""
    aten, known = torch.ops.aten, {}
    for node in list(model.graph.nodes):
        if node.op == "get_attr":
            known[node] = getattr(model, node.target)
        elif node.op == "call_function" and node.target in (aten.detach.default, aten.is_pinned.default):
            node.replace_all_uses_with(node.args[0])
        elif node.op == "call_function" and all(each in known for each in node.all_input_nodes):
            args, kwargs = torch.fx.node.map_arg((node.args, node.kwargs), lambda each: known[each])
            known[node] = node.target(*args, **kwargs)
    for node in [node for node in known if isinstance(known[node], torch.Tensor) and not is_complex(known[node])]:
        if any(user not in known for user in node.users) and node.op != "get_attr":
            name = f"constant_{node.name}"
            model.register_buffer(name, known[node].contiguous())
            with model.graph.inserting_before(node):
                node.replace_all_uses_with(model.graph.get_attr(name))
    model.graph.eliminate_dead_code()
    for name, value in [*model.named_buffers(), *model.named_parameters()]:
        if is_complex(value):
            owner, _, own = name.rpartition(".")
            delattr(model.get_submodule(owner), own)
    model.recompile()
    return model


def _parts_module(torch: Any, inner: Any, complex_inputs: list[bool]) -> Any:
    """A module that runs a graph on pairs."""
    from torch._subclasses.complex_tensor import ComplexTensor
    from torch.fx.traceback import preserve_node_meta

    class Parts(torch.nn.Module):
        """The graph, which is given pairs, and whose complex results are taken apart."""

        def __init__(self):
            super().__init__()
            self.inner = inner

        def forward(self, *given: Any) -> Any:
            """What the graph returns."""
            taken = [
                ComplexTensor(value[..., 0], value[..., 1]) if is_pair else value
                for value, is_pair in zip(given, complex_inputs, strict=True)
            ]
            with preserve_node_meta():
                found = _interpreter(torch, ComplexTensor, inner).run(*taken)
            return torch.utils._pytree.tree_map(lambda value: _apart(torch, ComplexTensor, value), found)

    return Parts()


def _apart(torch: Any, pair: Any, value: Any) -> Any:
    return torch.stack([value.re, value.im], -1) if isinstance(value, pair) else value


def _interpreter(torch: Any, pair: Any, graph: Any) -> Any:
    """What runs a graph on pairs of tensors."""
    rules = [_makers(torch, pair), _with_real_numbers(torch, pair)]

    def paired(value: Any) -> Any:
        """A complex constant as a pair."""
        return pair(value.real, value.imag) if is_complex(value) and not isinstance(value, pair) else value

    class OnPairs(torch.fx.Interpreter):
        """Runs what makes complex numbers of real ones here, and leaves the rest to the pairs."""

        def run_node(self, n: Any) -> Any:
            """An operation, whose complex result is a pair."""
            try:
                return torch.utils._pytree.tree_map(paired, super().run_node(n))
            except Exception as error:  # PyTorch raises anything at all
                raise UnsupportedError(
                    f"the PyTorch operation {n.target} of complex numbers is not supported",
                    where=place_of(n),
                    why="PyTorch does not know it by the real and imaginary parts",
                    remedy="compute with the parts: z.real and z.imag",
                ) from error

        def call_function(self, target: Any, args: Any, kwargs: Any) -> Any:
            """What a rule makes of an operation, or else PyTorch."""
            for each in rules:
                found = each[target](*args, **kwargs) if target in each else None
                if found is not None:
                    return found
            return super().call_function(target, args, kwargs)

    return OnPairs(graph)


def _makers(torch: Any, pair: Any) -> dict[Any, Any]:
    """How complex numbers come of real ones; powers, and Fourier transforms."""
    aten = torch.ops.aten

    def converted(x: Any, dtype: Any = None, **options: Any) -> Any:
        if dtype is None or not dtype.is_complex or isinstance(x, pair):
            return None
        real = x.to(dtype.to_real())
        return pair(real, torch.zeros_like(real))

    def power(x: Any, exponent: Any) -> Any:
        if not isinstance(x, pair) or exponent not in range(1, 9):
            return None
        return reduce(torch.mul, [x] * int(exponent))

    return {
        aten.complex.default: pair,
        aten.view_as_complex.default: lambda x: pair(x[..., 0], x[..., 1]),
        aten.view_as_real.default: lambda x: torch.stack([x.re, x.im], -1),
        aten.polar.default: lambda size, angle: pair(size * torch.cos(angle), size * torch.sin(angle)),
        aten._to_copy.default: converted,
        aten.pow.Tensor_Scalar: power,
        **transforms(torch, pair),
    }


def _with_real_numbers(torch: Any, pair: Any) -> dict[Any, Any]:
    """Arithmetic of a complex and a real operand, which takes half of what that of two complex ones takes."""
    aten = torch.ops.aten

    def is_real(value: Any) -> bool:
        return not isinstance(value, pair | complex)

    def each(operation: Any, reverse: bool) -> Any:
        """Of a product, or of a quotient unless `reverse`: the operation on each part."""

        def compute(a: Any, b: Any) -> Any:
            if isinstance(a, pair) and is_real(b):
                return pair(operation(a.re, b), operation(a.im, b))
            if reverse and isinstance(b, pair) and is_real(a):
                return pair(operation(a, b.re), operation(a, b.im))
            return None

        return compute

    def sum_(operation: Any, sign: int) -> Any:
        """Of a sum or difference: the operation on the real part."""

        def compute(a: Any, b: Any, **options: Any) -> Any:
            if options or isinstance(a, pair) == isinstance(b, pair) or not (is_real(a) or is_real(b)):
                return None
            if isinstance(a, pair):
                real = operation(a.re, b)
                return pair(real, a.im.expand(real.shape))
            real = operation(a, b.re)
            return pair(real, (b.im if sign > 0 else -b.im).expand(real.shape))

        return compute

    return {
        aten.mul.Tensor: each(torch.mul, True),
        aten.div.Tensor: each(torch.div, False),
        aten.add.Tensor: sum_(torch.add, 1),
        aten.sub.Tensor: sum_(torch.sub, -1),
    }
