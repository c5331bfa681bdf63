"""The array library behind the arguments of a physics function."""

from typing import Any, TypeAlias

import array_api_compat.numpy
import numpy as np
from array_api_compat import array_namespace, is_array_api_obj

Array: TypeAlias = Any
"""An array of any library that follows the array API standard, or a Python or NumPy scalar."""
_NUMPY = (np.ndarray, np.generic, float, int, type(None))


def namespace_of(*values: Array) -> Any:
    """Return the array API namespace of the arrays among the values.

    Scalars, NumPy's included, have no say: the arrays decide. Scalars alone are computed with NumPy.

    Args:
        *values: arrays, scalars and None in any mixture.

    Returns:
        The namespace, for instance ``jax.numpy``, in the form that array-api-compat gives it.

    Raises:
        TypeError: the arrays belong to different libraries.

    Source:
        Python array API standard 2024.12, ``__array_namespace__``.

    Example:
        >>> import numpy as np
        >>> xp = namespace_of(2.0, np.array([1.0, 4.0]))
        >>> xp.sqrt(np.array([1.0, 4.0])).tolist()
        [1.0, 2.0]
    """
    if all(isinstance(value, _NUMPY) for value in values):  # at once: this is asked several times a slot of a run
        return array_api_compat.numpy
    arrays = [value for value in values if is_array_api_obj(value) and not isinstance(value, np.generic)]
    return array_namespace(*arrays) if arrays else array_api_compat.numpy
