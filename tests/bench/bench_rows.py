"""What a run costs, row by row, beside wrk and, with --k6, beside k6: interleaved rounds, medians, a table and JSON.

Ratios count, not figures: deploy/docs/benchmarks.md says how to read them. --check compares them with tests/bench/budget.json
and fails where one is exceeded by more than a tenth.
"""
import argparse
import json
import statistics
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import rig

SLACK = 1.1  # CPU moves by some per cent with what else the machine does
CONTEXTS = rig.ROOT / "build/release/bin/bare_contexts"


def rows(n):
    def gets(name, script="get", vus=50, **how):
        return rig.Row(name, script, vus, max(n, 10 * vus), requests=True, **how)
    return [
        gets("GET, 50 VUs", wrk=50),
        gets("GET 1 KB + check", "get_check", wrk=50),
        gets("GET 1 KB + JSON.parse(r.body)", "get_parse", wrk=50),
        gets("POST of JSON with headers and a name", "post", wrk=50),
        gets("HTTPS, HTTP/1.1", wrk=50),
        gets("HTTPS, HTTP/2"),
        *(gets(f"GET, {vus} VUs", vus=vus, wrk=min(vus, 5000), beside="GET, 50 VUs") for vus in (1000, 5000, 10_000)),
        gets("GET of 200 names, 50 VUs", "series", beside="GET, 50 VUs"),
        gets("GET, 50 VUs, two cores", cores="0,1", beside="GET, 50 VUs"),
        rig.Row("1 VU, empty script", "empty", contexts=1),
        rig.Row("1000 VUs, empty script", "empty", 1000, 1000, contexts=1000),
        rig.Row("1000 VUs, GET + sleep(1), 3 each", "sleepy", 1000, 3000, contexts=1000),
        rig.Row("5000 VUs, GET + sleep(1), 3 each", "sleepy", 5000, 15_000, contexts=5000),
        rig.Row("10000 VUs, GET + sleep(1), 1 each", "sleepy", 10_000, 10_000, contexts=10_000),
        rig.Row("300 VUs that import 1.6 MB", "library", 300, 300, contexts=300),
    ]


def short_of(row):
    """The same with as few requests as tell what its start and its end cost: two of each VU."""
    return replace(row, iterations=2 * row.vus)


def measure(bench, row, args):
    """Medians of interleaved rounds: the costs of each program, those of a short run of it, and wrk's microseconds."""
    commands = {name: lambda of, program=program: bench.run(program, of)
                for name, program in (("lockstep", args.lockstep), ("k6", args.k6)) if program}
    if row.contexts > 0 and CONTEXTS.exists():
        commands["floor"] = lambda _: bench.cost([CONTEXTS, row.contexts])
    costs, short, wrk = {name: [] for name in commands}, {name: [] for name in commands}, []
    for _ in range(args.rounds):
        for name, command in commands.items():
            costs[name].append(command(row))
            if row.requests:
                short[name].append(command(short_of(row)))
        if row.wrk > 0:
            wrk.append(bench.wrk(row))
    return ({name: rig.median_cost(each) for name, each in costs.items()},
            {name: rig.median_cost(each) for name, each in short.items() if each}, statistics.median(wrk) if wrk else 0.0)


def request_figures(row, costs, short, wrk, earlier):
    """Microseconds of CPU a request, without start and end, and their ratios."""
    each = {name: (cost.cpu - short[name].cpu) / (row.iterations - short_of(row).iterations) * 1e6 for name, cost in costs.items()}
    figures = {"us_per_request": round(each["lockstep"], 1), "short_cpu_s": round(short["lockstep"].cpu, 3)}
    ratios = {"CPU of k6": each["lockstep"] / each["k6"]} if "k6" in each else {}
    if wrk > 0:
        figures["wrk_us_per_request"] = round(wrk, 1)
        ratios["wrk"] = each["lockstep"] / wrk
    base = next((other for other in earlier if other["row"] == row.beside), None)
    if base is not None:
        ratios["growth"] = each["lockstep"] / base["us_per_request"]
        if "wrk_us_per_request" in base and wrk > 0:
            ratios["wrk's growth"] = wrk / base["wrk_us_per_request"]
    return figures, ratios


def result_of(row, costs, short, wrk, earlier):
    result = {"row": row.name}
    for name, cost in costs.items():
        result[name] = {"cpu_s": round(cost.cpu, 3), "wall_s": round(cost.wall, 3), "peak_mb": round(cost.peak_kb / 1024, 1)}
    ours = costs["lockstep"]
    ratios = {f"CPU of {name}": ours.cpu / costs[name].cpu for name in ("k6", "floor") if name in costs}
    ratios |= {f"peak of {name}": ours.peak_kb / costs[name].peak_kb for name in ("k6", "floor") if name in costs}
    if row.requests:
        figures, of_requests = request_figures(row, costs, short, wrk, earlier)
        result |= figures
        ratios |= of_requests
    result["ratios"] = {name: round(value, 2) for name, value in ratios.items()}
    return result


def print_result(result):
    ours = result["lockstep"]
    main = f"{result['us_per_request']:8.1f} us" if "us_per_request" in result else f"{ours['cpu_s']:8.3f} s "
    ratios = "  ".join(f"{value:.2f} x {name}" for name, value in result["ratios"].items())
    print(f"{result['row']:38} {main} CPU {ours['wall_s']:7.2f} s {ours['peak_mb']:7.1f} MB  {ratios}", flush=True)


def within_budget(results):
    budget = json.loads(rig.BUDGET.read_text("utf-8"))["ratios"]
    allowed = {(row, name): value for row, each in budget.items() for name, value in each.items()}
    measured = {(result["row"], name): value for result in results for name, value in result["ratios"].items()}
    return not rig.exceeded(measured, allowed, SLACK)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=100_000, help="of each row that counts them")
    parser.add_argument("--only", help="rows with this in their names")
    parser.add_argument("--lockstep", type=lambda path: Path(path).resolve(), default=rig.ROOT / "build/release/bin/lockstep")
    parser.add_argument("--k6", type=Path, help="a binary of k6 to measure beside")
    parser.add_argument("--no-pin", dest="pin", action="store_false", help="do not give server and generator a core each")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    args = parser.parse_args()
    results = []
    with tempfile.TemporaryDirectory() as folder:
        bench = rig.Rig(args.lockstep, folder, args.pin)
        try:
            for row in rows(args.requests):
                if not args.only or args.only in row.name:
                    results.append(result_of(row, *measure(bench, row, args), results))
                    print_result(results[-1])
        finally:
            bench.close()
    if args.json:
        args.json.write_text(json.dumps({"rows": results}, indent=1) + "\n", "utf-8")
    if args.check and not within_budget(results):
        sys.exit(1)


if __name__ == "__main__":
    main()
