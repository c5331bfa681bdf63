"""Which library computes a function of several arguments."""

import subprocess
import sys

import numpy as np
import pytest

from twinhop.units.arrays import namespace_of


@pytest.mark.parametrize("values", [(1.0,), (np.float64(1.0), 2), (np.ones(2), 3.0), (None, 1.0), ()])
def test_scalars_and_numpy_arrays_use_numpy(values):
    assert namespace_of(*values).__name__.endswith("numpy")
    assert not namespace_of(*values).__name__.startswith("jax")


def test_a_jax_array_decides_over_numpy_scalars():
    jnp = pytest.importorskip("jax.numpy")
    assert namespace_of(np.float64(1.0), 2.0, jnp.ones(2)).__name__ == "jax.numpy"


def test_two_libraries_are_refused():
    jnp = pytest.importorskip("jax.numpy")
    with pytest.raises(TypeError, match="namespace"):
        namespace_of(np.ones(2), jnp.ones(2))


def test_physics_does_not_import_jax():
    code = "import sys, twinhop.network; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
