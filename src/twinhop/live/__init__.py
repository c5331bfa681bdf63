"""Twins that live: a journal on disk, the machine that applies it, and checkpoints from which it goes on."""


def _homes() -> dict[str, str]:
    """Public names and where they live, of `__init__.pyi`."""
    with open(__file__.removesuffix(".py") + ".pyi", encoding="utf-8") as stub:
        words = [line.split() for line in stub if line.startswith("from ")]
    return {name: module for _, module, _, name, *_ in words}


#: Imported when first used: a device's program, which imports `twinhop.live.client`, has no use for the host.
_HOME = _homes()
__all__ = sorted(_HOME)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _HOME:
        raise AttributeError(f"module 'twinhop.live' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
