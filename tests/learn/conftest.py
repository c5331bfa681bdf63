"""Compilation without optimisation: tests run each program a few times, and compiling takes three times as long as is
gained. What is compiled is the same; figures come from benchmarks, which leave compilers alone."""

import os

os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_backend_optimization_level=0"
