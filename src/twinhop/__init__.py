"""twinhop: place the digital twins of mobile users on edge servers, with a proof of how good the placement is.

>>> import twinhop
>>> plan = twinhop.plan("lu2021-n80-m5")
>>> plan.lower_bound <= plan.cost
True
"""

from twinhop._version import __version__ as __version__


def _homes() -> dict[str, str]:
    """Public names and where they live: `__init__.pyi` lists them once, for type checkers and for this."""
    with open(__file__.removesuffix(".py") + ".pyi", encoding="utf-8") as stub:
        words = [line.split() for line in stub if line.startswith("from ")]
    return {name: module for _, module, _, name, *_ in words if name != "__version__"}


#: Imported when first used, so that `import twinhop` costs nothing.
_HOME = _homes()
_PARTS = sorted(name for name, module in _HOME.items() if module == __name__)
__all__ = sorted(_HOME.keys() - set(_PARTS))  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _HOME:
        raise AttributeError(f"module 'twinhop' has no attribute '{name}'")
    try:
        return import_module(f"twinhop.{name}") if name in _PARTS else getattr(import_module(_HOME[name]), name)
    except ModuleNotFoundError as error:  # an extra that is not installed
        from twinhop.extras import MissingExtra, missing_words

        words = "" if isinstance(error, MissingExtra) else missing_words("learn", f"twinhop.{name}")
        raise AttributeError(words or str(error)) from error


def __dir__() -> list[str]:
    return sorted([*__all__, *_PARTS, "__version__"])
