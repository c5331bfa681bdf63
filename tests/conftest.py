"""Quick compilation for all tests, and for the processes that they start: each program runs a few times only.

Compiling with optimisation takes three times as long as is gained by it, and XLA's newer code generator for fused loops
two to three times as long again. What is compiled is the same; figures come from `benchmarks/`, which leave compilers
alone. XLA's machine code is kept in pytest's own folder, by what is compiled and how: most tests of learners and of
environments are compilation. Python's bytecode is kept, whatever the environment says: the tests start a few hundred
processes, which would each read all of twinhop from its source. And typer's runner makes the program once, not for
every command.
"""

import functools
import os
import sys
from pathlib import Path

import typer.testing

QUICK = "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false"
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {QUICK}".strip()
KEPT = {
    "JAX_COMPILATION_CACHE_DIR": str(Path(__file__).parents[1] / ".pytest_cache" / "xla"),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
}
for name, value in KEPT.items():
    os.environ.setdefault(name, value)
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
typer.testing._get_command = functools.cache(typer.testing._get_command)
