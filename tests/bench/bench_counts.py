"""What a run takes that does not depend on the machine: system calls and allocations a request, memory a VU.

--check compares them with tests/bench/budget.json and fails where one is exceeded by more than a quarter.
deploy/docs/benchmarks.md says how to read the figures.
"""
import argparse
import json
import re
import statistics
import sys
import tempfile
from pathlib import Path

import rig

SLACK = 1.25  # on a busy machine fewer requests share a system call
CALLS = "trace=network,poll,ppoll,epoll_ctl,epoll_pwait2,read,write"


class Counter:
    def __init__(self, bench, folder):
        self.bench, self.folder = bench, Path(folder)
        self.library = self.folder / "count_allocations.so"
        bench.run_quietly(["g++", "-std=c++20", "-O2", "-fPIC", "-shared", "-D_GNU_SOURCE",
                           rig.ROOT / "tests/bench/count_allocations.cc", "-o", self.library])

    def run(self, row, vus, iterations, **how):
        return self.bench.run(self.bench.lockstep, rig.Row(row.name, row.script, vus, iterations), **how)

    def system_calls(self, row, count):
        """How many system calls a run of `count` iterations makes."""
        report = self.folder / "strace.txt"
        self.run(row, 50, count, prefix=["strace", "-f", "-c", "--seccomp-bpf", "-e", CALLS, "-o", report])
        return int(re.search(r"\s(\d+)\s+\d*\s*total\n", report.read_text())[1])

    def allocations(self, row, count):
        counts = self.folder / "allocations.txt"
        counts.write_text("", "utf-8")
        self.run(row, 50, count, environment={"LD_PRELOAD": str(self.library), "COUNT_ALLOCATIONS_INTO": str(counts)})
        return sum(int(line.split()[1]) for line in counts.read_text().splitlines() if line.startswith("lockstep-agent "))

    def kb_per_vu(self, script, rounds, few=200, many=1000):
        row = rig.Row("", script)
        peak = {vus: statistics.median(self.run(row, vus, vus).peak_kb for _ in range(rounds)) for vus in (few, many)}
        return (peak[many] - peak[few]) / (many - few)


def per_request(measure, row, few, many):
    """The difference of two runs, so that neither start nor end counts."""
    return (measure(row, many) - measure(row, few)) / (many - few)


def measure(counter, rounds):
    counts = {}
    for name, row in (("get", rig.Row("GET", "get")), ("http2", rig.Row("HTTPS, HTTP/2", "get")),
                      ("post", rig.Row("POST", "post"))):
        counts[name, "system calls a request"] = per_request(counter.system_calls, row, 1000, 6000)
        counts[name, "allocations a request"] = per_request(counter.allocations, row, 2000, 12_000)
    for script in ("empty", "sleepy"):
        counts[script, "KB a VU"] = counter.kb_per_vu(script, rounds)
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2, help="of what is measured in KB")
    parser.add_argument("--lockstep", type=lambda path: Path(path).resolve(), default=rig.ROOT / "build/release/bin/lockstep")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench = rig.Rig(args.lockstep, folder, pin=False)
        try:
            counts = measure(Counter(bench, folder), args.rounds)
        finally:
            bench.close()
    for (name, what), value in counts.items():
        print(f"{name:8} {what:24} {value:8.2f}")
    if args.json:
        figures = {f"{name}: {what}": round(value, 2) for (name, what), value in counts.items()}
        args.json.write_text(json.dumps({"counts": figures}, indent=1) + "\n", "utf-8")
    if args.check:
        budget = {tuple(name.split(": ")): value for name, value in json.loads(rig.BUDGET.read_text("utf-8"))["counts"].items()}
        if budget.keys() != counts.keys():
            sys.exit(f"{rig.BUDGET} and what is measured differ: {sorted(budget.keys() ^ counts.keys())}")
        if rig.exceeded(counts, budget, SLACK):
            sys.exit(1)


if __name__ == "__main__":
    main()
