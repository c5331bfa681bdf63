"""The benchmark set: fixed scenarios, with seeds that are kept for evaluation."""

from twinhop.scenario.presets.benchmark_set.tasks import EVALUATION_SEED as EVALUATION_SEED
from twinhop.scenario.presets.benchmark_set.tasks import BenchmarkTask as BenchmarkTask
from twinhop.scenario.presets.benchmark_set.tasks import benchmark_names as benchmark_names
from twinhop.scenario.presets.benchmark_set.tasks import benchmark_tasks as benchmark_tasks
