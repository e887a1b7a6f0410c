"""Outputs with real runs: what arrives is what the summary says; a sink that fails costs its own samples only."""
import json
import os
import re
import socket
import struct
import unittest
import xml.etree.ElementTree

from tests.integration.sink import Sink, fields, remote_write_samples
from tests.integration.support import PATIENCE, LockstepTest

SCRIPT = """
import http from 'k6/http';
import exec from 'k6/execution';
import { check } from 'k6';
export const options = {
  scenarios: { s: { executor: 'shared-iterations', vus: 2, iterations: 30 } },
  thresholds: { http_req_duration: ['p(95)<60000'], http_req_failed: ['rate<0.5 over 1s'], http_reqs: ['count<1'] },
  summaryTrendStats: ['avg', 'min', 'med', 'max', 'p(95)', 'count'],
};
export default function () {
  const response = http.get(`${__ENV.TARGET}/status/${exec.scenario.iterationInTest % 3 == 2 ? 500 : 200}`, { tags: { name: 'a "b"\\\\, c' } });
  check(response, { 'is ok & <fine>': (r) => r.status === 200 });
}
"""


class OutputsTest(LockstepTest):
    def sink(self, **behaviour):
        sink = Sink(**behaviour)
        self.addCleanup(sink.stop)
        return sink

    def run_with(self, *args, code=99):
        result = self.lockstep("run", "-q", "-e", f"TARGET={self.serve().url}", "--summary-export", "export.json", *args,
                               self.script(SCRIPT))
        self.assertEqual(code, result.returncode, result.stdout + result.stderr)
        return result

    def metrics(self):
        return json.loads((self.folder / "export.json").read_text("utf-8"))["metrics"]


class Arrives(OutputsTest):
    def test_json_has_every_sample_of_the_fastest_scripts(self):
        result = self.lockstep("run", "-q", "-o", "json=all.json", "--summary-export", "export.json", self.script("""
            import { Counter } from 'k6/metrics';
            const counter = new Counter('counter');
            export const options = { vus: 2, iterations: 3000 };
            export default function () { for (let i = 0; i < 200; ++i) counter.add(1); }
        """))
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertNotIn("OUTPUTS", result.stdout)
        with open(self.folder / "all.json", encoding="utf-8") as lines:
            written = sum(line.startswith('{"metric":"counter","type":"Point"') for line in lines)
        self.assertEqual(self.metrics()["counter"]["count"], written)

    def test_several_outputs_get_the_numbers_of_the_summary(self):
        prometheus, influx, otlp = self.sink(), self.sink(), self.sink()
        statsd = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.addCleanup(statsd.close)
        statsd.bind(("127.0.0.1", 0))
        self.env["K6_PROMETHEUS_RW_TREND_STATS"] = "p(95),avg,max,count"
        self.env["K6_STATSD_ENABLE_TAGS"] = "true"
        result = self.run_with("-o", f"experimental-prometheus-rw={prometheus.url}/api/v1/write",
                               "-o", f"influxdb={influx.url}/load", "-o", f"opentelemetry={otlp.url}",
                               "-o", f"statsd=127.0.0.1:{statsd.getsockname()[1]}")
        self.assertNotIn("OUTPUTS", result.stdout)
        metrics = self.metrics()

        last = {}
        for path, body in prometheus.requests:
            self.assertEqual("/api/v1/write", path)
            for labels, value, _ in remote_write_samples(body):
                last[tuple(sorted(labels.items()))] = value
        named = lambda name: [v for labels, v in last.items() if dict(labels)["__name__"] == name]
        self.assertEqual(metrics["http_reqs"]["count"], sum(named("k6_http_reqs_total")))
        self.assertEqual(30, sum(named("k6_http_req_duration_count")))
        self.assertAlmostEqual(metrics["http_req_duration"]["max"], max(named("k6_http_req_duration_max")) * 1000)
        self.assertAlmostEqual(metrics["iteration_duration"]["p(95)"], named("k6_iteration_duration_p95")[0] * 1000)
        self.assertTrue(any(dict(labels).get("name") == 'a "b"\\, c' for labels in last))

        lines = "".join(body.decode() for path, body in influx.requests if path.startswith("/write")).splitlines()
        self.assertEqual("/query?q=CREATE%20DATABASE%20%22load%22", influx.requests[0][0])
        requests = [line for line in lines if line.startswith("http_reqs,")]
        self.assertEqual(30, len(requests))
        durations = [float(re.search(r" value=([^, ]+)", line)[1]) for line in lines
                     if line.startswith("http_req_duration,")]
        self.assertEqual(metrics["http_req_duration"]["max"], max(durations))
        self.assertAlmostEqual(metrics["http_req_duration"]["avg"], sum(durations) / 30)

        sums = {}
        for _, body in otlp.requests:
            resource = dict(fields(body))[1]
            scope = dict(fields(resource))[2]
            for number, metric in fields(scope):
                if number != 2:
                    continue
                parts = dict(fields(metric))
                if 7 in parts:
                    points = [dict(fields(point)) for n, point in fields(parts[7]) if n == 1]
                    sums[parts[1].decode()] = sum(struct.unpack("<d", p[4])[0] if 4 in p else
                                                  struct.unpack("<q", p.get(6, bytes(8)))[0] for p in points)
                    failed = [p for n, p in fields(parts[7]) if n == 1 and b"nonzero" in p]
                    sums[parts[1].decode(), "nonzero"] = sum(struct.unpack("<q", dict(fields(p)).get(6, bytes(8)))[0]
                                                             for p in failed)
        self.assertEqual(30, sums["http_reqs"])
        self.assertEqual(10, sums["http_req_failed", "nonzero"])
        self.assertEqual(30, sums["http_req_failed"])

        statsd.setblocking(False)
        packets = []
        try:
            while True:
                packets.append(statsd.recv(65536).decode())
        except BlockingIOError:
            pass
        texts = "\n".join(packets).splitlines()
        counted = [re.match(r"k6\.http_reqs:(\d+)\|c\|#.*status:", text) for text in texts]
        self.assertEqual(30, sum(int(match[1]) for match in counted if match))
        self.assertEqual(30, sum(text.startswith("k6.http_req_duration:") for text in texts))

    def test_tags_and_metadata_of_a_vu_stay_with_it(self):
        result = self.lockstep("run", "-q", "-o", "json=points.json", "--system-tags", "scenario,group,vu,iter", self.script("""
            import exec from 'k6/execution';
            import { group } from 'k6';
            import { Counter } from 'k6/metrics';
            const count = new Counter('counted');
            export const options = { vus: 1, iterations: 3, thresholds: {
              'counted{kind:v1}': ['count==3'], 'iterations{kind:v1}': ['count==3'], 'iterations{group:}': ['count==3'] } };
            export default function () {
              if (__ITER === 0) exec.vu.metrics.tags.kind = 'v1';
              exec.vu.metrics.metadata.trace = `t${__ITER}`;
              count.add(1);
              group('left', () => { if (__ITER === 1) throw new Error('out of it'); });
            }
        """))
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)
        lines = map(json.loads, (self.folder / "points.json").read_text("utf-8").splitlines())
        points = [line["data"] for line in lines if line["type"] == "Point" and line["metric"] in ("counted", "iterations")]
        wanted = [{"trace": f"t{i}", "vu": "1", "iter": str(i)} for i in range(3) for _ in range(2)]
        self.assertEqual(wanted, [point["metadata"] for point in points])
        for point in points:
            self.assertEqual({"scenario": "default", "group": "", "kind": "v1"}, point["tags"])

    def test_junit_markdown_and_result_say_the_same(self):
        self.env["GITHUB_STEP_SUMMARY"] = str(self.folder / "step.md")
        self.run_with("-o", "junit=junit.xml", "-o", "github", "--result-file", "result.json")
        suites = xml.etree.ElementTree.parse(self.folder / "junit.xml").getroot()
        self.assertEqual("testsuites", suites.tag)
        found = {}
        for suite in suites:
            cases = suite.findall("testcase")
            failures = [case.get("name") for case in cases if case.find("failure") is not None]
            self.assertEqual((str(len(cases)), str(len(failures))), (suite.get("tests"), suite.get("failures")))
            found[suite.get("name")] = ([case.get("name") for case in cases], failures)
        self.assertEqual({"run": (["ran to its end"], []),
                          "thresholds": (["p(95)<60000", "rate<0.5 over 1s", "count<1"], ["count<1"]),
                          "checks": (["is ok & <fine>"], ["is ok & <fine>"])}, found)
        markdown = (self.folder / "step.md").read_text("utf-8")
        self.assertIn("| ❌ | http\\_reqs | count&lt;1 | count=30 |", markdown)
        self.assertIn("| ❌ | is ok &amp; &lt;fine> | 20 | 10 |", markdown)
        result = json.loads((self.folder / "result.json").read_text("utf-8"))
        self.assertEqual("lockstep.result/1", result["schema"])
        data = {metric["key"]: metric["data"] for metric in result["metrics"]}
        self.assertEqual(30, data["http_reqs"]["sum"])
        histogram = data["http_req_duration"]["histogram"]
        self.assertEqual(30, sum(count for _, count in histogram["positive"]) + histogram["zeros"])
        same = self.lockstep("compare", "result.json", "result.json", "--fail-on-regression")
        self.assertEqual(0, same.returncode, same.stderr)
        self.assertIn("no regression", same.stdout)


class Compares(OutputsTest):
    def test_a_slower_run_fails_only_if_asked_to(self):
        self.run_with("--result-file", "base.json")
        slower = json.loads((self.folder / "base.json").read_text("utf-8"))
        for metric in slower["metrics"]:
            if metric["key"] == "http_req_duration":
                metric["data"]["max"] = 1e6
                for bucket in metric["data"]["histogram"]["positive"]:
                    bucket[0] += 1024  # 2^4 times as long
        (self.folder / "slower.json").write_text(json.dumps(slower), "utf-8")
        told = self.lockstep("compare", "base.json", "slower.json")
        self.assertEqual(0, told.returncode, told.stderr)
        self.assertRegex(told.stdout, r"✗ http_req_duration med .*worse")
        self.assertIn("✗ worse than the base", told.stdout)
        failed = self.lockstep("compare", "base.json", "slower.json", "--fail-on-regression", "--json")
        self.assertEqual(99, failed.returncode)
        self.assertTrue(json.loads(failed.stdout)["regressed"])

    def test_a_run_that_did_nothing_is_worse(self):
        self.run_with("--result-file", "base.json", "--no-thresholds", code=0)
        (self.folder / "broken.js").write_text(
            "export function setup() { throw new Error('no token'); }\nexport default function () {}\n", "utf-8")
        broken = self.lockstep("run", "broken.js", "--result-file", "broken.json")
        self.assertEqual(107, broken.returncode, broken.stderr)
        told = self.lockstep("compare", "base.json", "broken.json", "--fail-on-regression")
        self.assertEqual(99, told.returncode, told.stdout)
        self.assertRegex(told.stdout, r"✗ the ends differ:\n  \w+ in the base, FAILED in the new run: .*no token")
        self.assertRegex(told.stdout, r"✗ metrics with samples in the base and none in the new run:\n(  .*\n)*  http_reqs\n")
        self.assertIn("✗ worse than the base", told.stdout)

    def test_what_is_no_result_is_refused(self):
        (self.folder / "other.json").write_text("{}", "utf-8")
        for base, message in (("nothing.json", 'cannot read \\"nothing.json\\": No such file or directory'),
                              (".", 'cannot read \\".\\": Is a directory'),
                              ("other.json", '\\"other.json\\" is not a result file')):
            result = self.lockstep("compare", base, "other.json")
            self.assertEqual(255, result.returncode)
            self.assertIn(message, result.stderr)
        self.assertEqual(255, self.lockstep("compare", "a", "b", "--alpha", "7").returncode)


class Fails(OutputsTest):
    def test_a_sink_that_fails_for_a_while_loses_nothing(self):
        sink = self.sink(fail_first=3)
        result = self.run_with("-o", f"influxdb={sink.url}/k6")
        self.assertEqual(3, sink.refused)
        self.assertNotIn("OUTPUTS", result.stdout)
        lines = "".join(body.decode() for _, body in sink.requests).splitlines()
        self.assertEqual(30, sum(line.startswith("http_reqs,") for line in lines))

    def test_sinks_that_never_answer_or_always_fail_are_told_and_change_nothing_else(self):
        silent, failing = self.sink(silent=True), self.sink(fail_first=1_000_000)
        result = self.run_with("-o", f"experimental-prometheus-rw={silent.url}/w", "-o", f"influxdb={failing.url}/k6")
        self.assertEqual(30, self.metrics()["http_reqs"]["count"])
        lost = result.stdout[result.stdout.index("    OUTPUTS\n"):]
        self.assertRegex(lost, rf"✗ Prometheus remote write \({silent.url}/w\): (\d+) of \1 samples were lost: ")
        self.assertRegex(lost, rf"✗ InfluxDB \({failing.url}/write\): (\d+) of \1 samples were lost: HTTP 500")

    def test_a_run_whose_samples_are_lost_says_so_wherever_its_end_is_told(self):
        script = SCRIPT.replace("['count<1']", "['count>1']")  # which passes
        with socket.socket() as nobody, socket.socket(type=socket.SOCK_DGRAM) as silent:
            for taken in (nobody, silent):  # nobody else gets these ports
                taken.bind(("127.0.0.1", 0))
            address = "127.0.0.1:%d" % nobody.getsockname()[1]
            datagrams = "127.0.0.1:%d" % silent.getsockname()[1]
            silent.close()
            for name, out in (("InfluxDB", f"influxdb=http://{address}/k6"),
                              ("Prometheus remote write", f"experimental-prometheus-rw=http://{address}/w"),
                              ("OpenTelemetry", f"opentelemetry=http://{address}"),
                              ("statsd", f"statsd={datagrams}")):
                with self.subTest(name):
                    result = self.lockstep("run", "-q", "-e", f"TARGET={self.serve().url}", "-o", out, "--result-file", "r.json",
                                           "--report", "r.html", "-o", "junit=j.xml", self.script(script))
                    self.assertEqual(0, result.returncode, result.stdout + result.stderr)
                    told = rf"{name} \(.*\): (at least )?\d+ of \d+ samples were lost: .*[Rr]efused"
                    self.assertRegex(result.stdout, r"(?m)^ERRORS +.*1 incomplete output")
                    self.assertRegex(result.stdout, rf"(?m)^outputs: {told}")
                    self.assertRegex(result.stderr, told)
                    (lost,) = json.loads((self.folder / "r.json").read_text("utf-8"))["verdict"]["lost"]
                    self.assertRegex(lost, told)
                    self.assertRegex((self.folder / "r.html").read_text("utf-8"), told)
                    self.assertIn("1 incomplete output", (self.folder / "j.xml").read_text("utf-8"))

    def test_outputs_that_cannot_be_are_refused_before_the_start(self):
        server = self.serve()
        for out, message in (("junit=/no/such/junit.xml", "cannot write '/no/such/junit.xml': No such file or directory"),
                             ("json=/no/such/points.json", "cannot write '/no/such/points.json'"),
                             ("result=", "-o result: a file is needed: result=FILE"),
                             ("experimental-prometheus-rw=nonsense", "expected http://host:port or https://host:port"),
                             ("statsd=localhost:port", "expected HOST or HOST:PORT"),
                             ("kafka=x", "invalid output type 'kafka', available types are:")):
            result = self.lockstep("run", "-q", "-e", f"TARGET={server.url}", "-o", out, self.script(SCRIPT))
            self.assertNotEqual(0, result.returncode)
            self.assertIn(message, result.stderr)
            self.assertNotIn("TOTAL RESULTS", result.stdout)
        self.assertEqual(0, server.count())

    def test_a_run_that_does_not_start_makes_no_files(self):
        outputs = [f"{name}={name}.out" for name in ("csv", "github", "json", "junit", "report", "result")]
        for script in ("throw new Error('no'); export default function () {}", "export const options = { vus: 'x' }; export default function () {}"):
            result = self.lockstep("run", "-q", *(f"--out={out}" for out in outputs), self.script(script))
            self.assertNotEqual(0, result.returncode)
            self.assertEqual([], [path.name for path in self.folder.glob("*.out")], result.stderr)

    def test_windows_that_cannot_be_are_refused_with_code_104(self):
        script = """
        export const options = { thresholds: { http_reqs: ['rate>1 over 0s'], checks: ['rate>0.9 over', 'rate>0.9 over 1y'] } };
        export default function () {}
        """
        result = self.lockstep("run", "-q", self.script(script))
        self.assertEqual(104, result.returncode)
        for message in ('a window of 0s cannot be', 'malformed window \\"\\"', 'malformed window \\"1y\\"'):
            self.assertIn(message, result.stderr)


class Windows(OutputsTest):
    def test_a_window_that_fails_ends_the_run_with_abort_on_fail(self):
        script = """
        import { sleep } from 'k6';
        import { Rate } from 'k6/metrics';
        const bad = new Rate('bad');
        export const options = {
          scenarios: { s: { executor: 'constant-vus', vus: 1, duration: '40s', gracefulStop: '0s' } },
          thresholds: { bad: [{ threshold: 'rate<0.5 over 1s', abortOnFail: true, delayAbortEval: '1s' }] },
        };
        export default function () { bad.add(true); sleep(0.1); }
        """
        result = self.lockstep("run", "-q", self.script(script))
        self.assertEqual(99, result.returncode, result.stderr)
        self.assertIn("✗ 'rate<0.5 over 1s' rate=100.00%", result.stdout)
        self.assertIn("abortOnFail enabled", result.stderr)

    def test_the_scripts_console_output_goes_to_its_file(self):
        script = "export const options = { consoleOutput: 'console.txt' }; export default () => console.log('hello');"
        result = self.lockstep("run", "-q", self.script(script))
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertRegex((self.folder / "console.txt").read_text("utf-8"), r'^time="[^"]+" level=info msg=hello\n$')
        self.assertNotIn("hello", result.stderr)


class FullDisk(OutputsTest):
    def test_costs_the_file_and_nothing_else(self):
        for flags in (["-o", "json=/dev/full"], ["-o", "csv=/dev/full"], ["-o", "junit=/dev/full"],
                      ["--result-file", "/dev/full"]):
            with self.subTest(flags):
                result = self.run_with(*flags)
                self.assertIn("cannot write '/dev/full': No space left on device", result.stderr)
                self.assertEqual(30, self.metrics()["iterations"]["count"])

    def test_samples_that_did_not_get_into_a_file_are_counted(self):
        result = self.run_with("-o", "json=/dev/full")
        self.assertRegex(result.stdout, r"✗ json \(/dev/full\): (\d+) of \1 lines were lost")

    def test_a_summary_that_cannot_be_written_is_an_error_line(self):
        result = self.lockstep("run", "-q", "-e", f"TARGET={self.serve().url}", "--summary-export", "/dev/full",
                               self.script(SCRIPT))
        self.assertEqual(99, result.returncode)
        self.assertIn("--summary-export: cannot write '/dev/full': No space left on device", result.stderr)

    def test_is_an_error_of_a_run_that_went_well_whatever_the_file_is_of(self):
        script = self.script("export default () => console.log('hello');")
        plain = ["-o", "json=/dev/full"], ["-o", "csv=/dev/full"], ["-o", "junit=/dev/full"], ["--result-file=/dev/full"], \
            ["--report=/dev/full"], ["--summary-export=/dev/full"]
        for flags, message in [*((flags, "cannot write '/dev/full': No space left on device") for flags in plain),
                               (["--console-output=/dev/full"], r"--console-output: 1 of 1 lines are not in the file"),
                               (["--log-output=file=/dev/full"], r"--log-output: (\d+) of \1 lines are not in the file")]:
            with self.subTest(flags):
                result = self.lockstep("run", "-q", *flags, script)
                self.assertEqual(255, result.returncode, result.stdout + result.stderr)
                self.assertRegex(result.stderr, message)
                self.assertNotIn("LOG ERROR", result.stderr)
        own = self.script("export default () => {}; export const handleSummary = () => ({ '/dev/full': 'x' });")
        result = self.lockstep("run", "-q", own)
        self.assertEqual(255, result.returncode, result.stderr)
        self.assertIn("could not open '/dev/full': No space left on device", result.stderr)


class Places(OutputsTest):
    """Files that are not plain ones stay what they are."""

    def test_links_are_followed_by_all_that_writes_files(self):
        script = self.script("export default () => {};")
        flags = {"s": ["--summary-export"], "r": ["--report"], "f": ["--result-file"], "j": ["-o", "junit="]}
        words = []
        for name, flag in flags.items():
            (self.folder / name).symlink_to(f"{name}.target")
            words += [flag[0], f"{flag[1]}{name}"] if len(flag) > 1 else [*flag, name]
        (self.folder / "e").symlink_to("e.target")
        self.env["K6_WEB_DASHBOARD_EXPORT"] = "e"
        result = self.lockstep("run", "-q", *words, "-o", "web-dashboard=port=-1", script)
        self.assertEqual(0, result.returncode, result.stderr)
        (self.folder / "a").symlink_to("a.target")
        (self.folder / "o").symlink_to("o.target")
        for args in (["archive", "-O", "a", script], ["report", "f", "--out", "o"]):
            made = self.lockstep(*args)
            self.assertEqual(0, made.returncode, made.stderr)
        for name in (*flags, "e", "a", "o"):
            self.assertTrue((self.folder / name).is_symlink(), name)
            self.assertGreater((self.folder / f"{name}.target").stat().st_size, 0, name)

    def test_an_archive_goes_to_a_pipe_as_it_is(self):
        os.mkfifo(self.folder / "pipe")
        process = self.start("archive", "-O", "pipe", self.script("export default () => {};"))
        with open(self.folder / "pipe", "rb") as pipe:
            self.assertIn(b"metadata.json", pipe.read())
        self.assertEqual(0, process.wait(PATIENCE))
        self.assertTrue((self.folder / "pipe").is_fifo())

    def test_a_folder_for_sockets_whose_name_is_too_long_is_replaced(self):
        long = self.folder / ("x" * 120)
        long.mkdir()
        self.env["TMPDIR"] = str(long)
        result = self.lockstep("run", "-q", self.script("export default () => {};"))
        self.assertEqual(0, result.returncode, result.stderr)
        self.env["TMPDIR"] = "/nonexistent"
        result = self.lockstep("run", "-q", self.script("export default () => {};"))
        self.assertEqual(255, result.returncode)
        self.assertIn("TMPDIR: cannot make a folder in", result.stderr)

    def test_a_wrong_place_of_the_log_is_told_on_standard_error(self):
        script = self.script("export default () => {};")
        for command in ("run", "inspect"):
            result = self.lockstep(command, "--log-output=foo", script)
            self.assertNotEqual(0, result.returncode)
            self.assertIn("--log-output: invalid value", result.stderr)
        self.assertFalse((self.folder / "lockstep.log").exists())


class MachineReadable(LockstepTest):
    def test_the_newer_shape_is_that_of_its_schema(self):
        result = self.lockstep("run", "-q", "--new-machine-readable-summary", "--summary-export=x.json", "--iterations=4", self.script("""
            import { check } from 'k6';
            import { Trend } from 'k6/metrics';
            const mine = new Trend('mine', true);
            export default function () { mine.add(__ITER); check(__ITER, { even: (n) => n % 2 === 0 }); }
            export function handleSummary(data) { return { 'own.json': JSON.stringify(data) }; }"""))
        self.assertEqual(0, result.returncode, result.stderr)
        own, exported = (json.loads((self.folder / name).read_text("utf-8")) for name in ("own.json", "x.json"))
        self.assertEqual({"config", "metadata", "results", "version"}, set(own))
        self.assertEqual(own["results"], exported["results"])
        self.assertEqual({"generated_at", "k6_version"}, set(own["metadata"]))
        self.assertEqual("local", own["config"]["execution"])
        self.assertTrue(own["config"]["script"].endswith(".js"))
        metrics = {metric["name"]: metric for metric in own["results"]["metrics"]}
        self.assertEqual({"name", "type", "contains", "values"}, set(metrics["mine"]))
        self.assertEqual(("trend", "time"), (metrics["mine"]["type"], metrics["mine"]["contains"]))
        self.assertEqual({"avg": 1.5, "min": 0, "med": 1.5, "max": 3, "p90": 2.7, "p95": 2.85},
                         {key: round(value, 6) for key, value in metrics["mine"]["values"].items()})
        self.assertEqual({"count": 4}, metrics["iterations"]["values"])
        self.assertEqual([{"name": "even", "passes": 2, "fails": 2}], own["results"]["checks"]["results"])
        self.assertEqual([("checks_total", {"count": 4}), ("checks_failed", {"matches": 2, "total": 4, "rate": 0.5}),
                          ("checks_succeeded", {"matches": 2, "total": 4, "rate": 0.5})],
                         [(metric["name"], metric["values"]) for metric in own["results"]["checks"]["metrics"]])


if __name__ == "__main__":
    unittest.main()
