"""Cold start: what importing the app costs a fresh process, beside azure.functions alone; and what costs most of it."""

import os
import re
import subprocess
import sys
from collections import Counter
from statistics import median

from bench.exchange_process import PROJECT
from bench.results import Result

_IMPORT = """
import time
wall, cpu = time.perf_counter(), time.process_time()
import {}
print(time.perf_counter() - wall, time.process_time() - cpu)
"""
_LINE = re.compile(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)")


def measure(*, quick: bool) -> list[Result]:
    """Both imports in turn, in fresh processes; the first of each only warms the page cache."""
    pairs = [(_seconds("function_app"), _seconds("azure.functions")) for _ in range(4 if quick else 10)][1:]
    results = [
        Result("import of function_app", median(app[0] for app, _ in pairs) * 1000, "ms"),
        Result("… its CPU", median(app[1] for app, _ in pairs) * 1000, "ms"),
        Result("import of azure.functions", median(alone[0] for _, alone in pairs) * 1000, "ms"),
        Result("function_app / azure.functions, by CPU", median(app[1] / alone[1] for app, alone in pairs), "×"),
    ]
    heaviest = _by_package().most_common(6)
    note = "-X importtime"
    return results + [Result(f"… of it {name}", spent / 1000, "ms", note=note) for name, spent in heaviest]


def _seconds(module: str) -> tuple[float, float]:
    wall, cpu = _python("-c", _IMPORT.format(module)).stdout.split()
    return float(wall), float(cpu)


def _by_package() -> Counter[str]:
    """Microseconds that the import spent in each package's own modules."""
    spent: Counter[str] = Counter()
    for own, name in _LINE.findall(_python("-X", "importtime", "-c", "import function_app").stderr):
        spent[_package(name)] += int(own)
    return spent


def _package(name: str) -> str:
    parts = name.split(".")
    return ".".join(parts[:3]) if parts[0] == "azure" else parts[0]


def _python(*words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [sys.executable, *words], cwd=PROJECT, env=environment, capture_output=True, text=True, check=True
    )
