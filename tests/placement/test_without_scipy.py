"""SciPy is not a dependency: the compiled loops must not ask for it when they are compiled anew."""

import os
import subprocess
import sys

import pytest

CODE = "import sys; sys.modules['scipy'] = None; import twinhop; print(twinhop.plan('lu2021-n80-m5').gap < 0.01)"


@pytest.mark.slow
def test_the_loops_compile_and_solve_without_scipy(tmp_path):
    environment = {**os.environ, "XDG_CACHE_HOME": str(tmp_path), "HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True"
