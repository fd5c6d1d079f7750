"""Unsigned integers of PyTorch models, stored as signed ones and computed in the next wider type.

torch-mlir keeps the sign of an integer type in its own dialect only: once lowered, `ui8` is `i8`, and whatever is done
with it implicitly (promotion, comparison, division, negation, sums) takes 200 for -56. It folds no `ui8` constants
either, and reads no wider unsigned types. So tensors hold the same bits as signed integers, and every operation that
would tell the one from the other gets what it works on in a type that holds all of it::

    div(x: uint8, 255)      ->  div(wide(x: int8), 255)       wide(x) = to(x, int16) & 255
    abs(x: uint8): uint8    ->  to(abs(wide(x: int8)), int8)

Tensors of uint8 that are only converted, as between the layers of a quantised model, stay as they are: there torch-mlir
knows the sign.
"""

from __future__ import annotations

import operator
from typing import Any

from gatewright.errors import UnsupportedError
from gatewright.frontends.torch.decompositions import place_of

_MOVES = frozenset(
    "view reshape _unsafe_view permute transpose t expand slice select squeeze unsqueeze clone alias detach cat stack "
    "index index_select gather embedding flip roll split split_with_sizes unbind repeat where select_scatter "
    "slice_scatter diagonal unfold as_strided lift_fresh_copy view_of copy index_put scatter constant_pad_nd".split()
)
"""Operations that hand bits on."""

_MODULAR = frozenset("add sub mul bitwise_and bitwise_or bitwise_xor bitwise_not __and__ __or__ __xor__ eq ne".split())
"""Operations that need not know a sign, if their operands have one type."""

_OF_NUMBERS = frozenset("eq ne lt le gt ge floor_divide remainder fmod".split())
"""Operations of a tensor and a number in the type of the tensor whose result needs more than low bits."""

_METADATA = "_assert_tensor_metadata"


def store_as_signed(torch: Any, exported: Any) -> None:
    """Change an exported, functional program so that no operation has to know that an integer is unsigned.

    Raises UnsupportedError for arithmetic of uint64, which no wider type holds.
    """
    names = ("uint8", "uint16", "uint32", "uint64")
    unsigned = {getattr(torch, name): (getattr(torch, name[1:]), wide) for name, wide in zip(
        names, (torch.int16, torch.int32, torch.int64, torch.int64), strict=True)}  # fmt: skip
    if any(type_ in unsigned for node in exported.graph.nodes for type_ in _types(node)):
        _GraphRewriter(torch, exported, unsigned).run()
        exported.graph.eliminate_dead_code()
        exported.graph_module.recompile()
        _name_results(exported)


def _types(node: Any) -> list[Any]:
    """The element types of what a node gives."""
    value = node.meta.get("val")
    values = value if isinstance(value, tuple | list) else (value,)
    return [getattr(each, "dtype", None) for each in values]


def _packet(node: Any) -> str:
    """The name of an operation without its namespace and overload."""
    packet = getattr(node.target, "overloadpacket", None)
    return getattr(packet, "__name__", "")


class _GraphRewriter:
    """One graph on its way to signed integers."""

    def __init__(self, torch: Any, exported: Any, unsigned: dict[Any, tuple[Any, Any]]):
        self.torch, self.exported, self.graph, self.unsigned = torch, exported, exported.graph, unsigned
        self.to = torch.ops.aten._to_copy.default
        self.widened: dict[Any, Any] = {}
        self.original = {node: _types(node) for node in self.graph.nodes}
        nodes = [node for node in self.graph.nodes if isinstance(node.meta.get("val"), torch.Tensor)]
        self.mode = next(node.meta["val"].fake_mode for node in nodes if hasattr(node.meta["val"], "fake_mode"))

    def run(self) -> None:
        """Rewrite every operation, in the order of the graph."""
        for node in self.graph.nodes:
            if node.target is self.torch.ops.prims.convert_element_type.default:
                node.target, node.args, node.kwargs = self.to, node.args[:1], {"dtype": node.args[1]}
        self.stored = self._stored_nodes()
        last = [node for node in self.graph.nodes if node.op == "placeholder"][-1:]
        self.first = last[0].next if last else next(iter(self.graph.nodes))
        for node in list(self.graph.nodes):
            if node.op == "placeholder" and node in self.stored:
                self._store_placeholder(node)
            elif node.op == "call_function":
                self._rewrite(node)

    def _is_unsigned(self, node: Any) -> bool:
        return any(type_ in self.unsigned for type_ in self.original[node])

    def _hands_on(self, node: Any) -> bool:
        """Whether an operation gives the bits of its operands, or bits that follow from these alone."""
        if node.target is operator.getitem:
            return True
        given = [type_ for each in node.all_input_nodes for type_ in self.original[each]]
        if _packet(node) in _MOVES:
            return self._is_unsigned(node)
        numbers = any(isinstance(arg, int | float) for arg in node.args)
        same = len(set(given)) == 1 and not numbers and _packet(node) in _MODULAR
        return same and (not self._is_unsigned(node) or self.original[node] == given[:1])

    def _stored_nodes(self) -> set[Any]:
        """The unsigned tensors that are to be stored as signed ones: those that hand bits to each other, together."""
        leader: dict[Any, Any] = {node: node for node in self.original if self._is_unsigned(node)}

        def find(node: Any) -> Any:
            while leader[node] is not node:
                node = leader[node]
            return node

        signature = self.exported.graph_signature
        inputs = {name for name in signature.user_inputs if isinstance(name, str)}
        chosen = {
            node for node in leader if any(t != self.torch.uint8 for t in self.original[node] if t in self.unsigned)
        }
        constant = {node for node in leader if node.op == "placeholder" and node.name not in inputs}
        moved: set[Any] = set()
        for node in self.original:
            given = [each for each in node.all_input_nodes if each in leader]
            own = [node] if node in leader else []
            if node.op == "output":
                moved.update(given)
            if node.op != "call_function" or not (given or own) or _packet(node) == _METADATA:
                continue
            if _packet(node) == "constant_pad_nd":  # whose number torch-mlir takes for a signed one
                chosen.update(own)
            if self._hands_on(node):
                moved.update((*given, *own))
                for each in (*given, *own):
                    leader[find(each)] = find((*given, *own)[0])
            elif node.target is not self.to and getattr(node.target, "namespace", "") != "quantized_decomposed":
                chosen.update((*given, *own))
        leaders = {find(node) for node in chosen}
        leaders |= {find(node) for node in constant} & {find(node) for node in moved}
        return {node for node in leader if find(node) in leaders}

    def _store_placeholder(self, node: Any) -> None:
        signed = self.unsigned[self.original[node][0]][0]
        node.meta["val"] = self._fake(lambda value: value.view(signed), node.meta["val"])
        node.meta.pop("tensor_meta", None)
        signature = self.exported.graph_signature
        for names in (signature.inputs_to_parameters, signature.inputs_to_buffers,
                      signature.inputs_to_lifted_tensor_constants):  # fmt: skip
            for tensors in (self.exported.state_dict, self.exported.constants):
                if names.get(node.name) in tensors:
                    tensors[names[node.name]] = tensors[names[node.name]].view(signed)

    def _rewrite(self, node: Any) -> None:
        given = [each for each in node.all_input_nodes if each in self.stored]
        if not given and node not in self.stored:
            return
        if _packet(node) == _METADATA:
            self.graph.erase_node(node)
        elif node.target is self.to:
            self._convert(node)
        elif self._hands_on(node):
            self._retype(node, lambda each: each)
        else:
            self._compute_wide(node)

    def _convert(self, node: Any) -> None:
        """A conversion: from the numbers that the bits stand for, to the bits of the result."""
        (source,), into = node.args, self.original[node][0]
        given = source.meta["val"].dtype
        if self.torch.uint64 in (self.original.get(source, [None])[0], into) and (
            given.is_floating_point or into.is_floating_point
        ):
            self._refuse(node)
        with self.graph.inserting_before(node):
            if source in self.stored:
                node.replace_input_with(source, self._wide(source))
            elif given.is_floating_point:  # by way of a type that holds what may come
                between = self.torch.int64 if into == self.torch.uint32 else self.torch.int32
                node.replace_input_with(source, self._new(self.to, (source,), node, dtype=between))
        self._retype(node, lambda each: each)

    def _compute_wide(self, node: Any) -> None:
        """An operation on numbers, whose unsigned results become bits again."""
        if self.torch.uint64 in [
            type_ for each in (node, *node.all_input_nodes) for type_ in self.original.get(each, [])
        ]:
            self._refuse(node)
        users = list(node.users)
        self._wrap_number(node)
        self._retype(node, self._wide, wide=True)
        for each in users if isinstance(node.meta["val"], tuple | list) else [node]:
            if each is not node:
                each.meta["val"] = node.meta["val"][each.args[1]]
                each.meta.pop("tensor_meta", None)
            if each in self.stored:
                self._narrow(each)

    def _wrap_number(self, node: Any) -> None:
        """A Python integer takes the type of the tensor that it meets: `x < 300` of bytes is `x < 44` in PyTorch."""
        whole = _packet(node) in _OF_NUMBERS or (_packet(node) == "div" and node.kwargs.get("rounding_mode"))
        if whole and node.args[0] in self.stored and len(node.args) > 1 and type(node.args[1]) is int:
            most = self.torch.iinfo(self.original[node.args[0]][0]).max
            node.args = (node.args[0], node.args[1] & most, *node.args[2:])

    def _retype(self, node: Any, of: Any, wide: bool = False) -> None:
        """Give an operation its operands and types anew."""
        with self.graph.inserting_before(node):
            node.args, node.kwargs = self.torch.fx.map_arg(
                (node.args, node.kwargs), lambda each: of(each) if each in self.stored else each
            )
        node.kwargs = {
            name: self.unsigned[value][wide] if node in self.stored and value in self.unsigned else value
            for name, value in node.kwargs.items()
        }
        if _packet(node) == "constant_pad_nd" and len(node.args) > 2:
            (type_,) = self.original[node]
            bits = self.torch.iinfo(type_).bits
            value = int(node.args[2]) & ((1 << bits) - 1)
            node.args = (*node.args[:2], value - (1 << bits) if value >> (bits - 1) else value)
        self._infer(node)

    def _wide(self, node: Any) -> Any:
        """The numbers that stored bits stand for, in a signed type that holds them."""
        type_ = self.original[node][0]
        if type_ not in self.unsigned:
            return node
        if node not in self.widened:
            signed, wide = self.unsigned[type_]
            with self.graph.inserting_before(self.first if node.op == "placeholder" else node.next):
                new = self._new(self.to, (node,), node, dtype=wide)
                if signed != wide:
                    most = self.torch.iinfo(type_).max
                    new = self._new(self.torch.ops.aten.bitwise_and.Scalar, (new, most), node)
            self.widened[node] = new
        return self.widened[node]

    def _narrow(self, node: Any) -> None:
        """Store the result of an operation: what uses it gets bits."""
        users = list(node.users)
        with self.graph.inserting_after(node):
            bits = self._new(self.to, (node,), node, dtype=self.unsigned[self.original[node][0]][0])
        self.original[bits] = self.original[node]
        self.stored.add(bits)
        for each in users:
            each.replace_input_with(node, bits)

    def _new(self, target: Any, args: tuple[Any, ...], like: Any, **options: Any) -> Any:
        node = self.graph.call_function(target, args, options)
        node.meta = {key: like.meta[key] for key in ("stack_trace", "nn_module_stack") if key in like.meta}
        self.original[node] = []
        self._infer(node)
        return node

    def _infer(self, node: Any) -> None:
        """Let PyTorch say what an operation gives now."""
        args, kwargs = self.torch.fx.map_arg((node.args, node.kwargs), lambda each: each.meta["val"])
        node.meta["val"] = self._fake(node.target, *args, **kwargs)
        node.meta.pop("tensor_meta", None)

    def _fake(self, function: Any, *args: Any, **kwargs: Any) -> Any:
        with self.mode:
            return function(*args, **kwargs)

    def _refuse(self, node: Any) -> None:
        raise UnsupportedError(
            f"{_packet(node).lstrip('_') or node.target} of uint64 is not supported in a model",
            where=place_of(node),
            why="it is computed in a wider signed type, and there is none",
            remedy="use uint32 or int64",
        )


def _name_results(exported: Any) -> None:
    """Tell the signature the names of the nodes that are returned now."""
    (output,) = [node for node in exported.graph.nodes if node.op == "output"]
    for spec, node in zip(exported.graph_signature.output_specs, output.args[0], strict=True):
        if hasattr(node, "name"):
            spec.arg.name = node.name
