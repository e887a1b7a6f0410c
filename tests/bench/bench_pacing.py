"""How evenly iterations start: `lockstep run` with one and with three agents beside a bare pacer, interleaved.

A loopback server stamps each request when the kernel receives it. A start's deviation is its distance from the ideal
instant of the same number; the ideal schedule is laid so that the earliest start has none. The coefficient of
variation is that of the starts in windows of 100 ms. Figures are medians over the rounds.
"""
import argparse
import math
import os
import signal
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
WINDOW = 0.1
# Targets: coefficient of variation in percent by rate, median deviation in ms, 99th percentile as a multiple of the
# bare pacer's in the same round.
MAX_COV = {1000: 0.5, 3000: 1.0}
MAX_P50_MS = 0.1
MAX_P99_RATIO = 4.0


def ideal_starts(shape, rate, seconds):
    """Offsets in seconds: evenly from zero, or where the area under the ramp from 0 reaches each whole number."""
    if shape == "constant":
        return [k / rate for k in range(rate * seconds)]
    total = rate * seconds // 2
    return [math.sqrt(k / total) * seconds for k in range(1, total + 1)]


def percentile(ordered, share):
    return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def figures(arrivals_ns, shape, rate, seconds):
    ideal = ideal_starts(shape, rate, seconds)
    result = {"starts": len(arrivals_ns), "wanted": len(ideal)}
    if len(arrivals_ns) != len(ideal):
        return result
    first = min(arrivals_ns)
    seen = [(a - first) / 1e9 for a in sorted(arrivals_ns)]
    base = min(s - i for s, i in zip(seen, ideal))
    deviations = sorted((s - i - base) * 1000 for s, i in zip(seen, ideal))
    for name, share in (("p50", 0.5), ("p99", 0.99), ("max", 1.0)):
        result[name] = percentile(deviations, share)
    if shape == "constant":
        # Windows begin half an interval early, so that no ideal start lies on a border.
        windows = [0] * math.ceil(seconds / WINDOW)
        for s in seen:
            windows[min(int((s - base + 0.5 / rate) / WINDOW), len(windows) - 1)] += 1
        result["cov"] = 100 * statistics.pstdev(windows) / statistics.mean(windows)
    return result


class Server:
    """pacing_server around one generator's run."""

    def __init__(self, args):
        command = [str(args.bin / "pacing_server")]
        if args.server_core is not None:
            command = ["taskset", "-c", str(args.server_core), *command]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def arrivals(self):
        self.process.send_signal(signal.SIGTERM)
        output, _ = self.process.communicate()
        return [int(line) for line in output.split()]


def measure(args, generator, shape, rate):
    server = Server(args)
    if generator == "bare":
        command = [str(args.bin / "bare_pacer"), str(server.port), shape, str(rate), str(args.seconds)]
    else:
        command = [str(args.lockstep), "run", "--quiet", "--agents", generator.split()[0],
                   str(ROOT / "tests/data/bench_pacing.js")]
    if args.client_core is not None:
        command = ["taskset", "-c", str(args.client_core), *command]
    environment = {**os.environ, "BENCH_URL": f"http://127.0.0.1:{server.port}/", "BENCH_SHAPE": shape,
                   "BENCH_RATE": str(rate), "BENCH_SECONDS": str(args.seconds), "BENCH_VUS": str(args.vus)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    arrivals = server.arrivals()
    if done.returncode != 0:
        print(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}", file=sys.stderr)
    if args.keep:
        Path(args.keep, f"{generator.replace(' ', '_')}_{shape}_{rate}.txt").write_text(
            "\n".join(str(a) for a in sorted(arrivals)))
    return figures(arrivals, shape, rate, args.seconds), done.stdout


def line(name, values):
    if "p50" not in values:
        return f"  {name:9} {values['starts']} starts of {values['wanted']}"
    cov = f"CoV {values['cov']:5.2f}%" if "cov" in values else " " * 10
    ratio = f"  p99 {values['ratio']:5.2f} x bare" if "ratio" in values else ""
    return (f"  {name:9} {values['starts']:6} starts  {cov}  deviation p50 {values['p50']:.3f} ms  "
            f"p99 {values['p99']:.3f} ms  max {values['max']:.2f} ms{ratio}")


def medians(rounds):
    whole = [r for r in rounds if "p50" in r]
    if len(whole) < len(rounds):
        return next(r for r in rounds if "p50" not in r)
    keys = [key for key in whole[0] if key not in ("starts", "wanted")]
    return {**whole[0], **{key: statistics.median(r[key] for r in whole) for key in keys}}


def misses(values, shape, rate):
    """The targets that `values` misses, for people."""
    if "p50" not in values:
        return ["starts were lost"]
    found = []
    if shape == "constant" and values["cov"] > MAX_COV.get(rate, math.inf):
        found.append(f"CoV {values['cov']:.2f}% > {MAX_COV[rate]}%")
    if values["p50"] > MAX_P50_MS:
        found.append(f"p50 {values['p50']:.3f} ms > {MAX_P50_MS} ms")
    if values["ratio"] > MAX_P99_RATIO:
        found.append(f"p99 {values['ratio']:.1f} x bare > {MAX_P99_RATIO}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--vus", type=int, default=200)
    parser.add_argument("--shapes", default="constant:1000,constant:3000,ramp:2000")
    parser.add_argument("--agents", default="1,3")
    parser.add_argument("--server-core", type=int, help="pin the server; default: not pinned")
    parser.add_argument("--client-core", type=int, help="pin the generators; default: not pinned")
    parser.add_argument("--lockstep", type=lambda path: Path(path).resolve(), default=ROOT / "build/release/bin/lockstep")
    parser.add_argument("--bin", type=Path, default=ROOT / "build/release/bin")
    parser.add_argument("--keep", help="a folder for the last round's arrival times")
    parser.add_argument("--show", action="store_true", help="show what the runs print")
    args = parser.parse_args()

    generators = ["bare"] + [f"{n} agent{'s' if n != '1' else ''}" for n in args.agents.split(",")]
    missed = 0
    for shape, rate in ((s.split(":")[0], int(s.split(":")[1])) for s in args.shapes.split(",")):
        rounds = {name: [] for name in generators}
        for _ in range(args.rounds):
            for name in generators:
                values, output = measure(args, name, shape, rate)
                if args.show and output and name != "bare":
                    print(output)
                if name != "bare" and "p99" in values and "p99" in rounds["bare"][-1]:
                    values["ratio"] = values["p99"] / rounds["bare"][-1]["p99"]
                rounds[name].append(values)
        print(f"{shape} {rate}/s for {args.seconds} s, medians of {args.rounds}:", flush=True)
        for name in generators:
            values = medians(rounds[name])
            found = misses(values, shape, rate) if name != "bare" else []
            missed += len(found)
            print(line(name, values) + ("   MISSED: " + ", ".join(found) if found else ""), flush=True)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
