"""Cores and memory as control groups of both versions grant them."""

import pytest

from twinhop.diagnosis.machine import GIB, machine_checks

CASES = {
    "no group": ({}, None, None),
    "version 2": (
        {
            "proc/self/cgroup": "0::/",
            "sys/fs/cgroup/cpu.max": "50000 100000",
            "sys/fs/cgroup/memory.max": f"{4 * GIB}",
        },
        0.5,
        4,
    ),
    "version 2, no limit": (
        {"proc/self/cgroup": "0::/", "sys/fs/cgroup/cpu.max": "max 100000", "sys/fs/cgroup/memory.max": "max"},
        None,
        None,
    ),
    "version 2, limited above": (
        {
            "proc/self/cgroup": "0::/batch/job",
            "sys/fs/cgroup/batch/cpu.max": "25000 100000",
            "sys/fs/cgroup/batch/job/cpu.max": "max 100000",
            "sys/fs/cgroup/batch/job/memory.max": f"{5 * GIB}",
        },
        0.25,
        5,
    ),
    "version 1": (
        {
            "proc/self/cgroup": "4:memory:/job\n2:cpu,cpuacct:/job",
            "sys/fs/cgroup/cpu/job/cpu.cfs_quota_us": "75000",
            "sys/fs/cgroup/cpu/job/cpu.cfs_period_us": "100000",
            "sys/fs/cgroup/memory/job/memory.limit_in_bytes": f"{3 * GIB}",
        },
        0.75,
        3,
    ),
    "version 1, no limit": (
        {
            "proc/self/cgroup": "4:memory:/\n2:cpu,cpuacct:/",
            "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1",
            "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
        },
        None,
        None,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_limits_of_control_groups(name, tmp_path):
    files, cores, memory_gib = CASES[name]
    memory = f"MemTotal: {64 * 2**20} kB\nMemFree: 1 kB\nMemAvailable: {32 * 2**20} kB\n"
    for path, text in {**files, "proc/meminfo": memory}.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    checks = {each.name: each for each in machine_checks(tmp_path)}
    if cores is None:
        assert "control group" not in checks["cores"].value and checks["cores"].level == "ok"
    else:
        assert f"limited to {cores:g} by the control group" in checks["cores"].value
        assert checks["cores"].advice.endswith("--jobs 1")
    expected = (
        "64.0 GiB; 32.0 GiB free" if memory_gib is None else f"{memory_gib:.1f} GiB by the control group, of 64.0"
    )
    assert checks["memory"].value.startswith(expected)


def test_little_memory_is_noted(tmp_path):
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "meminfo").write_text("MemTotal: 4194304 kB\nMemAvailable: 900000 kB\n")
    checks = {each.name: each for each in machine_checks(tmp_path)}
    assert checks["memory"].level == "note" and "smaller problems" in checks["memory"].advice


def test_what_tells_nothing_is_no_error(tmp_path):
    checks = {each.name: each for each in machine_checks(tmp_path)}
    assert checks["cores"].level == "ok" and checks["memory"].value
