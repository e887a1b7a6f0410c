"""CPU that generators spend on small GETs: `lockstep run` against `wrk`, interleaved, medians of several rounds.

The server sits on one core and the generator under test on the other; only the generator's own CPU counts (user and
system time of the agent process for Lockstep, of wrk for wrk). Requests are counted by the server.
"""
import argparse
import os
import re
import signal
import statistics
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TICK = os.sysconf("SC_CLK_TCK")


def pinned(core, command, **options):
    return subprocess.Popen(["taskset", "-c", str(core), *command], **options)


def count(url):
    with urllib.request.urlopen(url + "__count") as answer:
        return int(answer.read())


def cpu_seconds(pid):
    """User and system time of one process with its threads, or None once it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICK
    except (FileNotFoundError, ProcessLookupError):
        return None


def descendants(pid):
    found = []
    for task in Path("/proc").glob("[0-9]*/stat"):
        try:
            head, tail = task.read_text().rsplit(")", 1)
        except (FileNotFoundError, ProcessLookupError):
            continue
        name, parent = head.split("(", 1)[1], int(tail.split()[1])
        if parent == pid:
            child = int(task.parent.name)
            found += [(child, name), *descendants(child)]
    return found


def run_lockstep(url, args):
    """CPU of the agent between its start and its end, in seconds."""
    process = pinned(args.client_core, [str(args.lockstep), "run", "--quiet", str(ROOT / "tests/data/bench_http.js")],
                     env={**os.environ, "BENCH_URL": url, "BENCH_VUS": str(args.vus),
                          "BENCH_DURATION": f"{args.seconds}s"},
                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    agent, last = None, 0.0
    while process.poll() is None:
        if agent is None:
            agent = next((pid for pid, name in descendants(process.pid) if name.startswith("lockstep-agent")), None)
        seconds = cpu_seconds(agent) if agent else None
        last = seconds if seconds is not None else last
        time.sleep(0.02)
    if process.returncode != 0:
        sys.exit(f"lockstep run failed with {process.returncode}:\n{process.stderr.read()}")
    return last


def run_child(command, core):
    """CPU of a program that ends by itself."""
    before = os.times()
    process = pinned(core, command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output, _ = process.communicate()
    after = os.times()
    if process.returncode != 0:
        sys.exit(f"{command[0]} failed:\n{output}")
    return after.children_user + after.children_system - before.children_user - before.children_system


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--vus", type=int, default=50)
    parser.add_argument("--server-core", type=int, default=0)
    parser.add_argument("--client-core", type=int, default=1)
    parser.add_argument("--lockstep", type=lambda path: Path(path).resolve(), default=ROOT / "build/release/bin/lockstep")
    parser.add_argument("--server", type=Path, default=ROOT / "build/release/bin/lockstep-testserver")
    parser.add_argument("--engine", type=Path, default=ROOT / "build/release/bin/http_client_bench",
                        help="the network engine alone")
    args = parser.parse_args()

    server = pinned(args.server_core, [str(args.server), "--port", "0"], stdout=subprocess.PIPE, text=True)
    url = re.match(r"\S+", server.stdout.readline())[0]
    generators = {
        "wrk": lambda: run_child(["wrk", "-t1", f"-c{args.vus}", f"-d{args.seconds}s", url], args.client_core),
        "engine": lambda: run_child([str(args.engine), url, str(args.vus), str(args.seconds)], args.client_core),
    }
    if args.lockstep.exists():
        generators["lockstep"] = lambda: run_lockstep(url, args)
    costs = {name: [] for name in generators}
    try:
        for _ in range(args.rounds):
            for name, run in generators.items():
                before = count(url)
                cpu = run()
                requests = count(url) - before
                costs[name].append(cpu / requests * 1000)
                print(f"{name:9} {requests / args.seconds:9.0f} requests/s "
                      f"{cpu / requests * 1000:.5f} CPU s per 1000", flush=True)
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait()
    print(f"medians of {args.rounds} rounds, {args.vus} VUs:")
    base = statistics.median(costs["wrk"])
    for name, values in costs.items():
        median = statistics.median(values)
        print(f"{name:9} {median:.5f} CPU s per 1000 requests ({median * 1000:.1f} us each), {median / base:.2f} x wrk")


if __name__ == "__main__":
    main()
