"""Real servers take what the outputs push, and answer with the summary's numbers: Prometheus and InfluxDB as Debian
packages them, unpacked by `scripts/setup --peers` into build/deps/peers, started here on free ports, ended by pid.
xmllint judges JUnit by a schema. `scripts/test --all` runs this."""
import json
import shutil
import subprocess
import unittest
import urllib.error
import urllib.parse
import urllib.request

from tests.integration.support import PATIENCE, ROOT, LockstepTest, free_port, wait_until

PEERS = ROOT / "build/deps/peers/usr/bin"

SCRIPT = """
import http from 'k6/http';
import { check } from 'k6';
export const options = {
  scenarios: { s: { executor: 'shared-iterations', vus: 5, iterations: 2000 } },
  summaryTrendStats: ['avg', 'min', 'med', 'max', 'p(95)', 'p(99)', 'count'],
  thresholds: { http_req_failed: ['rate<0.5'] },
};
export default function () {
  check(http.get(`${__ENV.TARGET}/delay/${__ITER % 7}`, { tags: { name: 'delayed' } }), { ok: (r) => r.status === 200 });
}
"""


def get(url, **parameters):
    query = "?" + urllib.parse.urlencode(parameters) if parameters else ""
    with urllib.request.urlopen(url + query, timeout=PATIENCE) as answer:
        text = answer.read()
    return json.loads(text) if text.startswith(b"{") else text


class PeersTest(LockstepTest):
    def peer(self, url, *command):
        """Starts a server and waits until `url` answers."""
        if not (PEERS / command[0]).exists():
            self.fail(f"{PEERS / command[0]} is not there: run scripts/setup --peers")
        log = open(self.folder / f"{command[0]}.log", "wb")
        self.addCleanup(log.close)
        process = subprocess.Popen([PEERS / command[0], *command[1:]], stdout=log, stderr=log, cwd=self.folder)

        def end():
            process.terminate()
            try:
                process.wait(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

        self.addCleanup(end)

        def answers():
            try:
                urllib.request.urlopen(url, timeout=PATIENCE).close()
                return True
            except (urllib.error.URLError, ConnectionError):
                self.assertIsNone(process.poll(), (self.folder / f"{command[0]}.log").read_text("utf-8"))

        wait_until(answers, f"{command[0]} answers")

    def run_with(self, output):
        result = self.lockstep("run", "-q", "-e", f"TARGET={self.serve().url}", "--agents", "2", "--summary-export",
                               "export.json", "-o", output, self.script(SCRIPT))
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        self.assertNotIn("OUTPUTS", result.stdout)
        return json.loads((self.folder / "export.json").read_text("utf-8"))["metrics"]


class Prometheus(PeersTest):
    def setUp(self):
        super().setUp()
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        (self.folder / "prometheus.yml").write_text("global: {}\n", "utf-8")
        self.peer(f"{self.url}/-/ready", "prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=tsdb",
                  f"--web.listen-address=127.0.0.1:{port}", "--web.enable-remote-write-receiver",
                  "--enable-feature=native-histograms")

    def query(self, expression):
        answer = get(f"{self.url}/api/v1/query", query=expression)
        self.assertEqual("success", answer["status"])
        self.assertEqual(1, len(answer["data"]["result"]), answer)
        return float(answer["data"]["result"][0]["value"][1])

    def test_it_answers_with_the_numbers_of_the_summary(self):
        self.env["K6_PROMETHEUS_RW_TREND_STATS"] = "p(95),p(99),avg,min,max,count"
        metrics = self.run_with(f"experimental-prometheus-rw={self.url}/api/v1/write")
        self.assertEqual(metrics["http_reqs"]["count"], self.query("sum(k6_http_reqs_total)"))
        self.assertEqual(metrics["iterations"]["count"], self.query("k6_iterations_total"))
        self.assertEqual(metrics["http_req_failed"]["value"], self.query("k6_http_req_failed_rate"))
        self.assertEqual(metrics["data_sent"]["count"], self.query("k6_data_sent_total"))
        for stat, name in (("p(95)", "p95"), ("p(99)", "p99"), ("avg", "avg"), ("min", "min"), ("max", "max")):
            for metric in ("http_req_duration", "iteration_duration"):
                self.assertAlmostEqual(metrics[metric][stat] / 1000, self.query(f"k6_{metric}_{name}"), places=12)

    def test_it_takes_native_histograms(self):
        self.env["K6_PROMETHEUS_RW_TREND_AS_NATIVE_HISTOGRAM"] = "true"
        metrics = self.run_with(f"experimental-prometheus-rw={self.url}/api/v1/write")
        duration = metrics["http_req_duration"]
        self.assertEqual(2000, self.query("histogram_count(k6_http_req_duration_seconds)"))
        self.assertAlmostEqual(duration["avg"] / 1000, self.query(
            "histogram_sum(k6_http_req_duration_seconds) / histogram_count(k6_http_req_duration_seconds)"), places=9)
        for share, stat in ((0.5, "med"), (0.95, "p(95)"), (0.99, "p(99)")):
            answer = self.query(f"histogram_quantile({share}, k6_http_req_duration_seconds)")
            self.assertAlmostEqual(1, answer / (duration[stat] / 1000), delta=0.01)


class InfluxDb(PeersTest):
    def test_it_answers_with_the_numbers_of_the_summary(self):
        port, other = free_port(), free_port()
        (self.folder / "influx.conf").write_text(f"""
            reporting-disabled = true
            bind-address = "127.0.0.1:{other}"
            [meta]
            dir = "{self.folder}/influx/meta"
            [data]
            dir = "{self.folder}/influx/data"
            wal-dir = "{self.folder}/influx/wal"
            [http]
            bind-address = "127.0.0.1:{port}"
            """, "utf-8")
        self.peer(f"http://127.0.0.1:{port}/ping", "influxd", "-config", "influx.conf")
        metrics = self.run_with(f"influxdb=http://127.0.0.1:{port}/load")

        def query(selection, metric):
            answer = get(f"http://127.0.0.1:{port}/query", db="load", q=f'SELECT {selection}("value") FROM "{metric}"')
            return answer["results"][0]["series"][0]["values"][0][1]

        self.assertEqual(metrics["http_reqs"]["count"], query("sum", "http_reqs"))
        self.assertEqual(metrics["iterations"]["count"], query("count", "iterations"))
        self.assertEqual(metrics["http_req_duration"]["max"], query("max", "http_req_duration"))
        self.assertEqual(metrics["http_req_duration"]["min"], query("min", "http_req_duration"))
        self.assertAlmostEqual(metrics["http_req_duration"]["avg"], query("mean", "http_req_duration"), places=9)


class Junit(PeersTest):
    def test_the_schema_accepts_the_report(self):
        if shutil.which("xmllint") is None:
            self.fail("xmllint is not there: run scripts/setup --peers")
        self.run_with("junit=junit.xml")
        checked = subprocess.run(["xmllint", "--noout", "--schema", ROOT / "tests/peers/junit.xsd", "junit.xml"],
                                 capture_output=True, text=True, timeout=PATIENCE, cwd=self.folder)
        self.assertEqual(0, checked.returncode, checked.stderr)


if __name__ == "__main__":
    unittest.main()
