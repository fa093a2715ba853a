"""Build the binding of the C++ engine; setup.py runs this file, without the package."""

from pathlib import Path

from cffi import FFI

_FOLDER = Path("stampapp/native")
# A product and a sum may become one instruction (FMA). Not -ffast-math: NaN would lose its meaning.
_COMPILE = ("-std=c++17", "-O3", "-ffp-contract=fast", "-fvisibility=hidden")
_WARN = ("-Wall", "-Wextra")

builder = FFI()
builder.cdef((_FOLDER / "interface.h").read_text())
builder.set_source(
    "stampapp.native._deep_hits",
    'extern "C" {\n#include "interface.h"\n}',
    source_extension=".cpp",
    sources=[str(path) for path in sorted(_FOLDER.glob("*.cpp"))],
    depends=[str(path) for path in sorted([*_FOLDER.glob("*.h"), *_FOLDER.glob("*.hpp")])],
    include_dirs=[str(_FOLDER)],
    extra_compile_args=[*_COMPILE, *_WARN, "-fno-exceptions", "-fno-rtti"],
    # A lean image or machine may have no libstdc++.
    extra_link_args=["-static-libstdc++", "-static-libgcc"],
    # Without a compiler the package is installed all the same, and classifies on TensorFlow.
    optional=True,
)
