"""Read a pickle of plain values without Python's unpickler.

Even a restricted unpickler can be made to allocate, call and hash without end. So only the few
opcodes of dicts, strings and numpy scalars are interpreted here; all others raise ConfigError.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from stampapp.errors import ConfigError

LARGEST_PICKLE = 1 << 16

_SCALARS = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "b1")
_LITERALS = (
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
    *("STRING", "SHORT_BINSTRING", "BINSTRING", "SHORT_BINBYTES", "BINBYTES", "BINBYTES8"),
)


@dataclass(kw_only=True, slots=True)
class _Function:
    """A name that a pickle may apply; a value of its own, so that nothing is ever imported."""

    name: str


@dataclass(kw_only=True, slots=True)
class _ScalarType:
    code: str
    order: str = "<"


@dataclass(kw_only=True, slots=True)
class _Machine:
    stack: list[object] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    memo: dict[object, object] = field(default_factory=dict)

    def since_mark(self) -> list[object]:
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def last(self, count: int) -> tuple[object, ...]:
        return tuple(reversed([self.stack.pop() for _ in range(count)]))

    def set_items(self, values: list[object] | tuple[object, ...]) -> None:
        target = self.stack[-1]
        for key, value in zip(values[::2], values[1::2], strict=True):
            # Hashing a string ends; hashing tuples of tuples need not.
            if not isinstance(target, dict) or not isinstance(key, str):
                raise ConfigError("it has a key that is no text")
            target[key] = value

    def build(self) -> None:
        state = self.stack.pop()
        match self.stack[-1], state:
            case _ScalarType() as target, (_, "<" | ">" | "|" as order, *_):
                target.order = str(order)
            case _:
                raise ConfigError("it sets the state of something that is no number type")

    def reduce(self) -> None:
        function, arguments = self.last(2)
        if not isinstance(function, _Function):
            raise ConfigError("it calls something that is no function")
        match function.name, arguments:
            case "numpy dtype", (str() as code, *_) if code in _SCALARS:
                self.stack.append(_ScalarType(code=code))
            case (
                "numpy.core.multiarray scalar" | "numpy._core.multiarray scalar",
                (_ScalarType() as kind, (bytes() | str()) as data),
            ):
                self.stack.append(_scalar(kind, data))
            case "_codecs encode", (str() as text, "latin1" | "latin-1"):
                # How Python 3 writes bytes in the protocols before 3.
                self.stack.append(text.encode("latin-1"))
            case name, _:
                raise ConfigError(f"it calls {name!r:.80}, which no table of numbers needs")


def _scalar(kind: _ScalarType, data: bytes | str) -> object:
    # Python 2 wrote bytes as text.
    raw = data if isinstance(data, bytes) else data.encode("latin-1")
    dtype = np.dtype(kind.order + kind.code)
    if len(raw) != dtype.itemsize:
        raise ConfigError(f"it has a number of {len(raw)} bytes as {dtype}")
    value: object = np.frombuffer(raw, dtype)[0].item()
    return value


def _put(machine: _Machine, argument: object) -> None:
    machine.memo[argument] = machine.stack[-1]


def _get(machine: _Machine, argument: object) -> None:
    machine.stack.append(machine.memo[argument])


def _stack_global(machine: _Machine, _: object) -> None:
    module, name = machine.last(2)
    if not isinstance(module, str) or not isinstance(name, str):
        raise ConfigError("it names a function by something that is no text")
    machine.stack.append(_Function(name=f"{module} {name}"))


def _dict(machine: _Machine, _: object) -> None:
    values = machine.since_mark()
    machine.stack.append({})
    machine.set_items(values)


_Step = Callable[[_Machine, object], None]
_STEPS: Mapping[str, _Step] = {
    **dict.fromkeys(("PROTO", "FRAME"), lambda _, __: None),
    "MARK": lambda machine, _: machine.marks.append(len(machine.stack)),
    "NONE": lambda machine, _: machine.stack.append(None),
    "NEWTRUE": lambda machine, _: machine.stack.append(True),
    "NEWFALSE": lambda machine, _: machine.stack.append(False),
    "EMPTY_DICT": lambda machine, _: machine.stack.append({}),
    "EMPTY_TUPLE": lambda machine, _: machine.stack.append(()),
    "DICT": _dict,
    "TUPLE": lambda machine, _: machine.stack.append(tuple(machine.since_mark())),
    "TUPLE1": lambda machine, _: machine.stack.append(machine.last(1)),
    "TUPLE2": lambda machine, _: machine.stack.append(machine.last(2)),
    "TUPLE3": lambda machine, _: machine.stack.append(machine.last(3)),
    "SETITEM": lambda machine, _: machine.set_items(machine.last(2)),
    "SETITEMS": lambda machine, _: machine.set_items(machine.since_mark()),
    "MEMOIZE": lambda machine, _: _put(machine, len(machine.memo)),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _put),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), _get),
    "GLOBAL": lambda machine, name: machine.stack.append(_Function(name=str(name))),
    "STACK_GLOBAL": _stack_global,
    "REDUCE": lambda machine, _: machine.reduce(),
    "BUILD": lambda machine, _: machine.build(),
    **dict.fromkeys(_LITERALS, lambda machine, value: machine.stack.append(value)),
}


def parse_statistics(data: bytes) -> object:
    """Return the value in a pickle of dicts (with text keys), tuples, texts, bytes and numbers.

    numpy's scalars come back as plain numbers. All protocols are read. Raises ConfigError for
    everything else, for damage, and for more than LARGEST_PICKLE bytes; nothing is ever executed.
    """
    if len(data) > LARGEST_PICKLE:
        raise ConfigError(f"it has more than {LARGEST_PICKLE} bytes")
    machine = _Machine()
    try:
        for opcode, argument, _ in pickletools.genops(data):
            if opcode.name == "STOP":
                return machine.stack.pop()
            if opcode.name not in _STEPS:
                raise ConfigError(f"it uses {opcode.name}, which no table of numbers needs")
            _STEPS[opcode.name](machine, argument)
    except (LookupError, TypeError, ValueError) as error:
        raise ConfigError(f"it is damaged: {error}") from error
    raise ConfigError("it has no end")
