"""What a run costs, row by row, beside wrk and, with --k6, beside k6: interleaved rounds, medians, a table and JSON.

--counts measures only what does not depend on the machine: system calls and allocations a request, memory a VU.
--check compares those with tests/bench/budget.json and fails where one is exceeded. tests/bench/README.md says how to
read the figures.
"""
import argparse
import collections
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
NGINX = ROOT / "build/deps/peers/usr/sbin/nginx"
BUDGET = Path(__file__).resolve().parent / "budget.json"
SLACK = 1.05  # counts move by a few per cent with how events fall together

BODY = json.dumps({"items": [{"id": i, "name": f"item {i}"} for i in range(31)]})

SCRIPTS = {
    "get": "export default function () { http.get(URL); }",
    "get_check": "export default function () { check(http.get(URL), { ok: (r) => r.status === 200 }); }",
    "get_parse": "export default function () { const r = http.get(URL); JSON.parse(r.body); }",
    "post": """const body = JSON.stringify({ user: 'name', items: [1, 2, 3] });
        const params = { headers: { 'Content-Type': 'application/json', 'X-Test': 'yes' }, tags: { name: 'post' } };
        export default function () { http.post(URL, body, params); }""",
    "sleepy": "export default function () { http.get(URL); sleep(1); }",
    "empty": None,
}

Row = collections.namedtuple("Row", "name script flags requests wrk")
Cost = collections.namedtuple("Cost", "cpu wall peak_kb")


def rows(n):
    """What is measured: the script, the flags of `run`, how many requests it makes, and wrk's connections beside it."""
    return [
        Row("GET, 50 VUs", "get", ["--vus", "50", "--iterations", str(n)], n, 50),
        Row("GET 1 KB + check", "get_check", ["--vus", "50", "--iterations", str(n)], n, 50),
        Row("GET 1 KB + JSON.parse(r.body)", "get_parse", ["--vus", "50", "--iterations", str(n)], n, 50),
        Row("POST of JSON with headers and a name", "post", ["--vus", "50", "--iterations", str(n)], n, 50),
        Row("HTTPS, HTTP/1.1", "get", ["--vus", "50", "--iterations", str(n)], n, 50),
        Row("HTTPS, HTTP/2", "get", ["--vus", "50", "--iterations", str(n)], n, 0),
        *(Row(f"GET, {vus} VUs", "get", ["--vus", str(vus), "--iterations", str(max(n, 10 * vus))], max(n, 10 * vus), min(vus, 5000))
          for vus in (1000, 5000, 10_000)),
        Row("1 VU, empty script", "empty", [], 0, 0),
        Row("1000 VUs, empty script", "empty", ["--vus", "1000", "--iterations", "1000"], 0, 0),
        Row("1000 VUs, GET + sleep(1), 3 each", "sleepy", ["--vus", "1000", "--iterations", "3000"], 0, 0),
        Row("5000 VUs, GET + sleep(1), 3 each", "sleepy", ["--vus", "5000", "--iterations", "15000"], 0, 0),
        Row("10000 VUs, GET + sleep(1), 1 each", "sleepy", ["--vus", "10000", "--iterations", "10000"], 0, 0),
        Row("300 VUs that import 1.6 MB", "library", ["--vus", "300", "--iterations", "300"], 0, 0),
    ]


def library():
    """A module of 1.6 MB whose functions are all made and hardly called."""
    return "".join(f"export function f{i}(a, b) {{ const t = [{', '.join(str(i + k) for k in range(40))}]; "
                   f"return t.map((x) => x * a + b).filter((x) => x % 2 === {i % 2}); }}\n" for i in range(5200))


class Bench:
    def __init__(self, args, folder):
        self.args, self.folder = args, folder
        self.server = None

    def start_server(self):
        if not NGINX.exists():
            sys.exit(f"{NGINX} is not there: run scripts/setup --tests")
        self.plain, self.tls, self.tls_http1 = (free_port() for _ in range(3))
        self.run_quietly(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                          "-days", "2", "-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "cert.pem"])
        temporary = " ".join(f"{kind}_temp_path {kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        (self.folder / "nginx.conf").write_text(
            "daemon off; master_process off; pid nginx.pid; error_log error.log;\nevents { worker_connections 20000; }\n"
            f"http {{ access_log off; keepalive_requests 1000000000; {temporary}\n"
            "ssl_certificate cert.pem; ssl_certificate_key key.pem;\n"
            f"server {{ listen 127.0.0.1:{self.plain} backlog=10000; listen 127.0.0.1:{self.tls} ssl http2;\n"
            f"listen 127.0.0.1:{self.tls_http1} ssl;\n"
            f"default_type application/json; location / {{ return 200 '{BODY}'; }} }} }}\n", "utf-8")
        self.server = subprocess.Popen(self.pin(0, [NGINX, "-p", self.folder, "-c", "nginx.conf"]), stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while socket.socket().connect_ex(("127.0.0.1", self.tls)) != 0:
            if time.monotonic() > deadline:
                sys.exit(f"nginx does not start: {(self.folder / 'error.log').read_text()}")
            time.sleep(0.05)

    def run_quietly(self, command):
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)

    def pin(self, core, command):
        return ["taskset", "-c", str(core), *map(str, command)] if self.args.pin else [str(word) for word in command]

    def script(self, name, url):
        """The path of a script; the same text for both programs."""
        path = self.folder / f"{name}.js"
        if name == "library":
            (self.folder / "big.js").write_text(library(), "utf-8")
            text = "import { f7 } from './big.js';\nexport default function () { f7(1, 2); }\n"
        elif SCRIPTS[name] is None:
            text = "export default function () {}\n"
        else:
            text = ("import http from 'k6/http';\nimport { check, sleep } from 'k6';\n"
                    "export const options = { insecureSkipTLSVerify: true };\n"
                    f"const URL = '{url}';\n{SCRIPTS[name]}\n")
        path.write_text(text, "utf-8")
        return path

    def url(self, row):
        if "HTTPS" in row.name:
            return f"https://localhost:{self.tls if 'HTTP/2' in row.name else self.tls_http1}/"
        return f"http://127.0.0.1:{self.plain}/"

    def run(self, program, row, prefix=(), environment=None):
        """What `program run` of a row costs, with all its processes."""
        command = [*prefix, program, "run", "--quiet", *row.flags, self.script(row.script, self.url(row))]
        begun = time.monotonic()
        process = subprocess.Popen(self.pin(1, command), cwd=self.folder, env={**os.environ, **(environment or {})},
                                   stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        peaks = {}
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid != 0:
                break
            for each in (process.pid, *children(process.pid)):
                peaks[each] = max(peaks.get(each, 0), peak_of(each))
            time.sleep(0.01)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{command} failed with {process.returncode}:\n{process.stderr.read()}")
        process.stderr.close()
        return Cost(usage.ru_utime + usage.ru_stime, time.monotonic() - begun, sum(peaks.values()))

    def wrk(self, row):
        """Microseconds of CPU that wrk needs for a request."""
        before = os.times()
        output = subprocess.run(self.pin(1, ["wrk", "-t1", f"-c{row.wrk}", "-d3s", self.url(row)]), capture_output=True,
                                text=True, check=True).stdout
        after = os.times()
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        return spent / int(re.search(r"(\d+) requests in", output)[1]) * 1e6


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def children(pid):
    try:
        found = [int(word) for task in Path(f"/proc/{pid}/task").iterdir()
                 for word in (task / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
    return found + [inner for child in found for inner in children(child)]


def peak_of(pid):
    try:
        return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])
    except (FileNotFoundError, ProcessLookupError, TypeError):
        return 0


def measure_rows(bench, args):
    programs = {"lockstep": args.lockstep, **({"k6": args.k6} if args.k6 else {})}
    results = []
    for row in rows(args.requests):
        if args.only and args.only not in row.name:
            continue
        costs = {name: [] for name in programs}
        wrk = []
        for _ in range(args.rounds):
            for name, program in programs.items():
                costs[name].append(bench.run(program, row))
            if row.wrk > 0:
                wrk.append(bench.wrk(row))
        result = {"row": row.name}
        for name, each in costs.items():
            cost = Cost(*(statistics.median(values) for values in zip(*each)))
            result[name] = {"cpu_s": round(cost.cpu, 3), "wall_s": round(cost.wall, 3), "peak_mb": round(cost.peak_kb / 1024, 1)}
            if row.requests > 0:
                result[name]["cpu_us_per_request"] = round(cost.cpu / row.requests * 1e6, 1)
        if wrk:
            result["wrk_us_per_request"] = round(statistics.median(wrk), 1)
        results.append(result)
        print_row(result)
    return results


def print_row(result):
    words = [f"{result['row']:38}"]
    for name in ("lockstep", "k6"):
        if name not in result:
            continue
        cost = result[name]
        main = f"{cost['cpu_us_per_request']:8.1f} us" if "cpu_us_per_request" in cost else f"{cost['cpu_s']:8.3f} s "
        words.append(f"{name} {main} CPU {cost['wall_s']:7.2f} s {cost['peak_mb']:7.1f} MB")
    if "k6" in result:
        words.append(f"x k6 {result['lockstep']['cpu_s'] / result['k6']['cpu_s']:5.2f}")
    if "wrk_us_per_request" in result:
        words.append(f"x wrk {result['lockstep']['cpu_us_per_request'] / result['wrk_us_per_request']:5.2f}")
    print("  ".join(words), flush=True)


def system_calls(bench, row, count):
    """How many system calls a run of `count` iterations makes."""
    report = bench.folder / "strace.txt"
    bench.run(bench.args.lockstep, row._replace(flags=["--vus", "50", "--iterations", str(count)]),
              prefix=["strace", "-f", "-c", "--seccomp-bpf", "-e", "trace=network,poll,ppoll,epoll_ctl,epoll_pwait2,read,write",
                      "-o", report])
    return int(re.search(r"\s(\d+)\s+\d*\s*total\n", report.read_text())[1])


def allocations(bench, row, count, library_path):
    counts = bench.folder / "allocations.txt"
    counts.write_text("", "utf-8")
    bench.run(bench.args.lockstep, row._replace(flags=["--vus", "50", "--iterations", str(count)]),
              environment={"LD_PRELOAD": str(library_path), "COUNT_ALLOCATIONS_INTO": str(counts)})
    return sum(int(line.split()[1]) for line in counts.read_text().splitlines() if line.startswith("lockstep-agent "))


def per_request(measure, few=5000, many=25000):
    """The difference of two runs, so that neither start nor end counts."""
    return (measure(many) - measure(few)) / (many - few)


def per_vu_kb(bench, script, few=200, many=1000):
    peak = {vus: statistics.median(bench.run(bench.args.lockstep, Row("", script, ["--vus", str(vus), "--iterations", str(vus)],
                                                                      0, 0)).peak_kb for _ in range(3)) for vus in (few, many)}
    return (peak[many] - peak[few]) / (many - few)


def measure_counts(bench):
    library_path = bench.folder / "count_allocations.so"
    bench.run_quietly(["g++", "-std=c++20", "-O2", "-fPIC", "-shared", "-D_GNU_SOURCE",
                       ROOT / "tests/bench/count_allocations.cc", "-o", library_path])
    counts = {}
    for name, row in (("get", Row("GET", "get", [], 0, 0)), ("http2", Row("HTTPS, HTTP/2", "get", [], 0, 0)),
                      ("post", Row("POST", "post", [], 0, 0))):
        counts[f"{name}: system calls a request"] = per_request(lambda n: system_calls(bench, row, n))
        counts[f"{name}: allocations a request"] = per_request(lambda n: allocations(bench, row, n, library_path))
    counts["empty: KB a VU"] = per_vu_kb(bench, "empty")
    counts["sleepy: KB a VU"] = per_vu_kb(bench, "sleepy")
    return {name: round(value, 2) for name, value in counts.items()}


def check(counts):
    """Whether nothing exceeds its budget; says what does."""
    budget = json.loads(BUDGET.read_text("utf-8"))
    if budget.keys() != counts.keys():
        sys.exit(f"{BUDGET} and the measures differ: {sorted(budget.keys() ^ counts.keys())}")
    over = {name: (value, budget[name]) for name, value in counts.items() if value > budget[name] * SLACK}
    for name, (value, allowed) in over.items():
        print(f"over its budget: {name}: {value}, allowed {allowed}")
    return not over


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=100_000, help="of each row that counts them")
    parser.add_argument("--only", help="rows with this in their names")
    parser.add_argument("--lockstep", type=Path, default=ROOT / "build/release/bin/lockstep")
    parser.add_argument("--k6", type=Path, help="a binary of k6 to measure beside")
    parser.add_argument("--no-pin", dest="pin", action="store_false", help="do not give server and generator a core each")
    parser.add_argument("--counts", action="store_true")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    args = parser.parse_args()
    args.pin = args.pin and (os.cpu_count() or 1) > 1 and shutil.which("taskset") is not None
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(args, Path(folder))
        bench.start_server()
        try:
            figures = {"counts": measure_counts(bench)} if args.counts or args.check else {"rows": measure_rows(bench, args)}
        finally:
            bench.server.terminate()
            bench.server.wait()
    for name, value in figures.get("counts", {}).items():
        print(f"{name:32} {value:8.2f}")
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    if args.check and not check(figures["counts"]):
        sys.exit(1)


if __name__ == "__main__":
    main()
