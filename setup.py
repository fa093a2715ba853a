"""Build the native engine; everything else about the package is in pyproject.toml."""

from setuptools import setup

setup(
    cffi_modules=["stampapp/native/build_binding.py:builder"],
    # The binding uses only what every Python from 3.11 on has.
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
