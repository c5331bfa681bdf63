"""Quick compilation for all tests, and for the processes that they start: each program runs a few times only.

Compiling with optimisation takes three times as long as is gained by it, and XLA's newer code generator for fused loops
two to three times as long again. What is compiled is the same; figures come from `benchmarks/`, which leave compilers
alone. Python's bytecode is kept, whatever the environment says: the tests start a few hundred processes, which would
each read all of twinhop from its source.
"""

import os
import sys

QUICK = "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false"
os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {QUICK}".strip()
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
