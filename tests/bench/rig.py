"""What the benchmarks of whole runs share: a server, the scripts, and what a run costs with all its processes."""
import collections
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
NGINX = ROOT / "build/deps/peers/usr/sbin/nginx"
BUDGET = Path(__file__).resolve().parent / "budget.json"

BODY = json.dumps({"items": [{"id": i, "name": f"item {i}"} for i in range(31)]})

SCRIPTS = {
    "get": "export default function () { http.get(URL); }",
    "get_check": "export default function () { check(http.get(URL), { ok: (r) => r.status === 200 }); }",
    "get_parse": "export default function () { const r = http.get(URL); JSON.parse(r.body); }",
    "post": """const body = JSON.stringify({ user: 'name', items: [1, 2, 3] });
        const params = { headers: { 'Content-Type': 'application/json', 'X-Test': 'yes' }, tags: { name: 'post' } };
        export default function () { http.post(URL, body, params); }""",
    # Two hundred names are two hundred series of each metric.
    "series": """let turn = 0;
        const params = Array.from({ length: 200 }, (_, i) => ({ tags: { name: `page ${i}` } }));
        export default function () { http.get(URL, params[turn++ % 200]); }""",
    "sleepy": "export default function () { http.get(URL); sleep(1); }",
    "empty": None,
    "library": None,
}

Cost = collections.namedtuple("Cost", "cpu wall peak_kb")


@dataclass(frozen=True)
class Row:
    """What is measured: a script and what runs of it."""
    name: str
    script: str
    vus: int = 1
    iterations: int = 1
    requests: bool = False  # that cost is told by request, and iterations are requests
    wrk: int = 0        # wrk's connections beside it; 0: without wrk
    cores: str = "1"    # that the generator may use
    beside: str = ""    # the row that it has grown from
    contexts: int = 0   # bare contexts of V8 to make beside it


def library():
    """A module of 1.6 MB whose functions are all made and hardly called."""
    return "".join(f"export function f{i}(a, b) {{ const t = [{', '.join(str(i + k) for k in range(40))}]; "
                   f"return t.map((x) => x * a + b).filter((x) => x % 2 === {i % 2}); }}\n" for i in range(5200))


class Rig:
    """A server and a folder for scripts; close() when done."""

    def __init__(self, lockstep, folder, pin=True):
        self.lockstep, self.folder = lockstep, Path(folder)
        self.pin = pin and (os.cpu_count() or 1) > 1 and shutil.which("taskset") is not None
        if not NGINX.exists():
            sys.exit(f"{NGINX} is not there: run scripts/setup --tests")
        self.plain, self.tls, self.tls_http1 = (free_port() for _ in range(3))
        self.server = self._start_server()

    def close(self):
        self.server.terminate()
        self.server.wait()

    def _start_server(self):
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
        server = subprocess.Popen(self.pinned("0", [NGINX, "-p", self.folder, "-c", "nginx.conf"]), stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while socket.socket().connect_ex(("127.0.0.1", self.tls)) != 0:
            if time.monotonic() > deadline:
                sys.exit(f"nginx does not start: {(self.folder / 'error.log').read_text()}")
            time.sleep(0.05)
        return server

    def run_quietly(self, command):
        subprocess.run(command, cwd=self.folder, check=True, capture_output=True)

    def pinned(self, cores, command):
        return ["taskset", "-c", cores, *map(str, command)] if self.pin else [str(word) for word in command]

    def script(self, name, url):
        """The path of a script; the same text for both programs."""
        path = self.folder / f"{name}.js"
        if name == "library":
            (self.folder / "big.js").write_text(library(), "utf-8")
            text = "import { f7 } from './big.js';\nexport default function () { f7(1, 2); }\n"
        elif name == "empty":
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
        flags = ("--quiet", "--vus", str(row.vus), "--iterations", str(row.iterations))
        return self.cost([*prefix, program, "run", *flags, self.script(row.script, self.url(row))], row.cores, environment)

    def cost(self, command, cores="1", environment=None):
        begun = time.monotonic()
        process = subprocess.Popen(self.pinned(cores, command), cwd=self.folder, env={**os.environ, **(environment or {})},
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
        output = subprocess.run(self.pinned("1", ["wrk", "-t1", f"-c{row.wrk}", "-d3s", self.url(row)]), capture_output=True,
                                text=True, check=True).stdout
        after = os.times()
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        return spent / int(re.search(r"(\d+) requests in", output)[1]) * 1e6


def median_cost(costs):
    return Cost(*(statistics.median(values) for values in zip(*costs)))


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


def exceeded(measured, budget, slack):
    """Says which of the measures, by (name, of what), are above their budgets, and returns whether any is."""
    over = [key for key, value in measured.items() if key in budget and value > budget[key] * slack]
    for name, what in over:
        print(f"over its budget: {name}: {what} {measured[name, what]:.2f}, allowed {budget[name, what]}")
    return bool(over)
