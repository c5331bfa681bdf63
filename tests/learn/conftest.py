"""Compilation without optimisation, as for the environment: tests run each program a few times only."""

import os

os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_backend_optimization_level=0"
