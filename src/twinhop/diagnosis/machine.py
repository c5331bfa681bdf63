"""Cores and memory that a process may use: of the machine, of its affinity, of its control group."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from twinhop.diagnosis.check import Check

GIB = 2**30
#: Planning of the largest presets needs about so much [byte].
LITTLE_MEMORY = 2 * GIB
LITTLE_DISK = GIB // 2
_UNLIMITED = 2**60


def machine_checks(root: Path = Path("/")) -> Iterator[Check]:
    """Cores and memory.

    Args:
        root: of the file system, where the kernel tells of them.
    """
    topic = "machine"
    cores, limit = _cores(), _cpu_limit(root)
    words = f"{cores} of {os.cpu_count() or cores}"
    if limit is None or limit >= cores:
        yield Check(topic, "cores", words)
    else:
        advice = f"commands with --jobs take one process a core: give --jobs {max(1, round(limit))}"
        yield Check(topic, "cores", f"{words}, limited to {limit:g} by the control group", "note", advice)
    total, available = _memory(root)
    memory_limit = _memory_limit(root)
    if total is None:
        yield Check(topic, "memory", "not known")
        return
    usable = total if memory_limit is None else min(total, memory_limit)
    words = f"{usable / GIB:.1f} GiB"
    if usable < total:
        words += f" by the control group, of {total / GIB:.1f} GiB"
    if available is not None:
        words += f"; {min(usable, available) / GIB:.1f} GiB free"
    is_little = min(usable, usable if available is None else available) < LITTLE_MEMORY
    advice = "give smaller problems, or fewer --jobs" if is_little else ""
    yield Check(topic, "memory", words, "note" if is_little else "ok", advice)


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_limit(root: Path) -> float | None:
    """Cores that the control group of this process, or one above it, grants; None: all."""
    limits = []
    for folder in _groups(root, "cpu"):
        quota, period = [*(_read(folder / "cpu.max") or "").split(), "", ""][:2]
        if not quota:
            quota, period = _read(folder / "cpu.cfs_quota_us") or "", _read(folder / "cpu.cfs_period_us") or ""
        if quota.isdecimal() and period.isdecimal() and int(period) > 0:
            limits.append(int(quota) / int(period))
    return min(limits, default=None)


def _memory_limit(root: Path) -> int | None:
    """Bytes that the control group of this process, or one above it, grants; None: all."""
    limits = []
    for folder in _groups(root, "memory"):
        text = _read(folder / "memory.max") or _read(folder / "memory.limit_in_bytes") or ""
        if text.isdecimal() and int(text) < _UNLIMITED:
            limits.append(int(text))
    return min(limits, default=None)


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Folders of the control groups that this process is in, of both versions, and of those above them."""
    for line in (_read(root / "proc/self/cgroup") or "").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            base = root / "sys/fs/cgroup"
        elif controller in controllers.split(","):
            base = root / "sys/fs/cgroup" / controller
        else:
            continue
        own = base / path.lstrip("/")
        yield from (folder for folder in (own, *own.parents) if folder == base or base in folder.parents)


def _memory(root: Path) -> tuple[int | None, int | None]:
    """Bytes of the machine, and those that are free; None where nothing tells."""
    lines = dict(line.split(":", 1) for line in (_read(root / "proc/meminfo") or "").splitlines() if ":" in line)
    values = [lines.get(name, "").split()[:1] for name in ("MemTotal", "MemAvailable")]
    total, available = (1024 * int(each[0]) if each and each[0].isdecimal() else None for each in values)
    if total is None and {"SC_PAGE_SIZE", "SC_PHYS_PAGES"} <= getattr(os, "sysconf_names", {}).keys():
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return total, available


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return None
