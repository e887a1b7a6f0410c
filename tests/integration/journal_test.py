"""Results that outlive the coordinator's process: kill -9 and what the journal makes of it, with real processes."""
import gzip
import http.server
import json
import re
import resource
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import threading
import unittest

from tests.integration.support import BIN, PATIENCE, LockstepTest, free_port, wait_until

RATE = 50
SECONDS = 8
SCRIPT = """
import http from 'k6/http';
import { check } from 'k6';
export const options = {
  scenarios: { s: { executor: 'constant-arrival-rate', rate: %d, duration: '%ds', preAllocatedVUs: 20 } },
  thresholds: { http_req_failed: ['rate<0.01'], 'http_req_duration{status:200}': ['p(95)<5000'] },
};
export function setup() { return 'as it was'; }
export default function (data) {
  check(http.get(`${__ENV.TARGET}/status/200`), { fine: (r) => r.status === 200 });
  check(data, { 'data of setup': (d) => d === 'as it was' });
}
export function teardown(data) { console.log(`teardown has ${data}`); }
"""


class Module(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Cache-Control", self.server.cache_control)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class JournalTest(LockstepTest):
    def setUp(self):
        super().setUp()
        self.journal = self.folder / "runs.db"
        self.server = self.serve()

    def fleet(self, agents, *flags, script=SCRIPT % (RATE, SECONDS)):
        port = free_port()
        self.command = ["coordinator", "--insecure", "--listen", f"127.0.0.1:{port}", "--agents", str(agents),
                        "--journal", str(self.journal), "-e", f"TARGET={self.server.url}", *flags, self.script(script)]
        self.coordinator = self.start(*self.command)
        self.addCleanup(lambda: (self.coordinator.kill(), self.coordinator.communicate(timeout=PATIENCE)))
        self.agents = []
        for i in range(agents):
            agent = subprocess.Popen([BIN / "lockstep-agent", "--coordinator", f"127.0.0.1:{port}", "--insecure", "--name", f"a{i}"],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.env, cwd=self.folder)
            self.addCleanup(agent.wait, PATIENCE)
            self.addCleanup(agent.kill)
            self.agents.append(agent)

    def kill(self):
        """Kills the coordinator; what it has written to standard error."""
        self.coordinator.send_signal(signal.SIGKILL)
        return self.coordinator.communicate(timeout=PATIENCE)[1]

    def runs(self):
        listed = self.lockstep("runs", "--journal", self.journal, "--json")
        self.assertEqual(0, listed.returncode, listed.stderr)
        return json.loads(listed.stdout)

    def short_run(self, *flags, journal=None, **options):
        return subprocess.run([BIN / "lockstep", "run", "-u", "2", "-i", "20", "--journal", journal or self.journal, *flags,
                               self.script("import http from 'k6/http';\nexport default () => { http.get(`${__ENV.TARGET}/status/200`); };\n"),
                               "-e", f"TARGET={self.server.url}"],
                              capture_output=True, text=True, timeout=PATIENCE, cwd=self.folder, env=self.env, **options)


class Kills(JournalTest):
    def test_a_killed_coordinator_goes_on_and_every_request_counts_once(self):
        outputs = ["-o", "json=samples.json", "-o", "csv=samples.csv.gz", "--result-file", "result.json"]
        self.fleet(2, *outputs)
        warnings = 0
        for requests in (40, 130, 260):
            self.wait_for_requests(self.server, requests, self.coordinator)
            self.kill()
            self.coordinator = self.start(*self.command)
            warnings += 1
        output, errors = self.coordinator.communicate(timeout=PATIENCE)
        self.assertEqual(0, self.coordinator.returncode, errors)
        self.assertIn("goes on with run 1", errors)
        self.assertIn("waiting for 2 agents to come back on ", errors)
        self.assertIn("teardown has as it was", errors)
        count = self.server.count()
        self.assertEqual(RATE * SECONDS, count)
        self.assertRegex(output, rf"http_reqs\.+: {count} ")
        self.assertRegex(output, rf"checks_succeeded\.+: 100.00% {2 * count} out of {2 * count}")
        result = json.loads((self.folder / "result.json").read_text("utf-8"))
        self.assertEqual(count, result["metrics"]["http_reqs"]["count"] if "http_reqs" in result["metrics"] else count)
        lines = [json.loads(line) for line in (self.folder / "samples.json").read_text("utf-8").splitlines()]
        self.assertEqual(count, sum(line["type"] == "Point" and line["metric"] == "http_reqs" for line in lines))
        with gzip.open(self.folder / "samples.csv.gz", "rt") as samples:
            rows = samples.read().splitlines()
        self.assertEqual(1, sum(row.startswith("metric_name,") for row in rows))
        self.assertEqual(count, sum(row.startswith("http_reqs,") for row in rows))
        (run,) = self.runs()
        self.assertEqual((count, 0, "PASSED"), (run["requests"], run["exitCode"], run["verdict"]))

    def test_a_secret_that_was_handed_out_before_stays_hidden(self):
        (self.folder / "secrets").write_text("k=hunter2\ni=correct-horse\n", "utf-8")
        self.fleet(2, "--secret-source", "file=secrets", "--result-file", "result.json", "--summary-export", "export.json",
                   "--report", "report.html", "-o", "json=samples.json", script="""
import http from 'k6/http';
import secrets from 'k6/secrets';
import exec from 'k6/execution';
const init = await secrets.get('i');
export const options = {
  scenarios: { s: { executor: 'constant-vus', vus: 2, duration: '1h' } },
  tags: { init }, userAgent: init, thresholds: { [`http_reqs{init:${init}}`]: ['count>0'] },
};
export async function setup() { return await secrets.get('k'); }
export default function (known) {
  http.get(`${__ENV.TARGET}/delay/20`, { tags: { with: known } });
  if (__ITER === 90) { exec.test.abort(`gave up with ${known}`); }
  throw new Error(`not ${known} ${__ITER > 45 ? 'later' : ''}`);
}
""")
        self.wait_for_requests(self.server, 60, self.coordinator)
        before = self.kill()
        self.coordinator = self.start(*self.command)
        output, errors = self.coordinator.communicate(timeout=PATIENCE)
        self.assertIn("goes on with run 1", errors)
        self.assertIn("gave up with ***SECRET_REDACTED***", output)
        self.assertIn("not ***SECRET_REDACTED*** later", output)
        result = (self.folder / "result.json").read_text("utf-8")
        self.assertIn("not ***SECRET_REDACTED*** later", result)
        export = (self.folder / "export.json").read_text("utf-8")
        self.assertEqual("***SECRET_REDACTED***", json.loads(export)["setup_data"])
        self.assertIn("\u2713 'count>0' count=", output, "the tag's samples are hidden likewise")
        report = (self.folder / "report.html").read_text("utf-8")
        self.assertIn("userAgent", report)
        samples = (self.folder / "samples.json").read_text("utf-8")
        self.assertIn('"metric":"vus"', samples)
        for text in (before, output, errors, result, export, report, samples):
            self.assertNotIn("hunter2", text)
            self.assertNotIn("correct-horse", text)

    def test_recovery_has_all_that_was_kept_and_says_so(self):
        self.fleet(2, "--summary-export", "export.json", "-o", "junit=junit.xml")
        self.wait_for_requests(self.server, RATE * 4, self.coordinator)
        self.kill()
        known = self.server.count()
        recovered = self.lockstep("recover", self.journal, "-o", "result=result.json")
        self.assertEqual(255, recovered.returncode, recovered.stderr)
        self.assertRegex(recovered.stdout, r"^RECOVERED from .*runs.db: run 1, .*script.js, as of [\d.]+s after the start")
        self.assertRegex(recovered.stdout, r"FAILED +the coordinator was lost; recovered as of [\d.]+s after the start")
        self.assertRegex(recovered.stdout, r"generator: SUSPECT\n +- recovered from ")
        export = json.loads((self.folder / "export.json").read_text("utf-8"))
        requests = export["metrics"]["http_reqs"]["count"]
        self.assertLessEqual(requests, known)
        self.assertGreaterEqual(requests, RATE)
        self.assertEqual("SUSPECT", export["validity"]["verdict"])
        self.assertEqual("as it was", export["setup_data"])
        history = json.loads((self.folder / "result.json").read_text("utf-8"))["history"]
        self.assertGreaterEqual(history["points"], 2)
        self.assertEqual(history["points"], len(history["columns"]["requests"]))
        self.assertGreater(sum(history["columns"]["requests"]), 0)
        self.assertEqual(["a0", "a1"], sorted(agent["name"] for agent in history["agents"]))
        self.assertFalse((self.folder / "junit.xml").exists(), "--out replaces the run's own")
        (run,) = self.runs()
        self.assertEqual(("UNFINISHED", None, requests), (run["verdict"], run["ended"], run["requests"]))
        again = self.lockstep("recover", self.journal)
        self.assertEqual(255, again.returncode, again.stderr)
        self.assertTrue((self.folder / "junit.xml").exists())

    def test_an_agent_that_is_killed_with_the_coordinator_is_missed_by_name_and_no_line_is_written_twice(self):
        self.fleet(2, "--on-agent-loss", "tolerate=50%", "--result-file", "result.json", "-o", "report=report.html",
                   script="import http from 'k6/http';\nimport { sleep } from 'k6';\nimport exec from 'k6/execution';\n"
                          "export const options = { scenarios: { s: { executor: 'constant-vus', vus: 6, duration: '8s' } } };\n"
                          "export default () => { http.get(`${__ENV.TARGET}/status/200`);\n"
                          "  console.log(`line ${exec.vu.idInTest}-${exec.vu.iterationInInstance}`); sleep(0.02); };\n")
        self.wait_for_requests(self.server, 700, self.coordinator)
        self.agents[1].kill()
        first = self.kill()
        self.coordinator = self.start(*self.command)
        _, second = self.coordinator.communicate(timeout=PATIENCE)
        self.assertEqual(0, self.coordinator.returncode, second)
        lines = re.findall(r"line \d+-\d+", first + second)
        self.assertEqual(sorted(set(lines)), sorted(lines))
        result = json.loads((self.folder / "result.json").read_text("utf-8"))
        self.assertEqual("SUSPECT", result["validity"]["verdict"])
        (lost,) = result["validity"]["lostAgents"]
        self.assertRegex(lost["missing"], r"^segment .*, scenario s: 3 VUs from \d+% on(, and \d+ iterations? that had ended by then)?$")
        environment = {entry["name"]: entry["value"] for entry in result["history"]["environment"]}
        self.assertRegex(environment["charts and requests by name"], r"^another coordinator went on with the run [\d.]+s after the start: up to ")
        requests = result["history"]["columns"]["requests"]
        self.assertGreater(requests[0], 0)
        self.assertLessEqual(requests.count(None), 2)

    def test_charts_go_on_with_a_run_whose_load_is_over(self):
        self.fleet(1, "--result-file", "result.json",
                   script="import http from 'k6/http';\nimport { sleep } from 'k6';\nexport const options = { vus: 2, iterations: 40 };\n"
                          "export default () => { http.get(`${__ENV.TARGET}/status/200`); sleep(0.1); };\n"
                          "export function teardown() { http.get(`${__ENV.TARGET}/status/200`); sleep(3); }\n")
        self.wait_for_requests(self.server, 41, self.coordinator)
        self.kill()
        self.coordinator = self.start(*self.command)
        _, errors = self.coordinator.communicate(timeout=PATIENCE)
        self.assertEqual(0, self.coordinator.returncode, errors)
        self.assertIn("goes on with run 1", errors)
        history = json.loads((self.folder / "result.json").read_text("utf-8"))["history"]
        self.assertGreater(history["columns"]["requests"][0], 0)
        self.assertIn("charts and requests by name", [entry["name"] for entry in history["environment"]])

    def test_another_test_does_not_go_on(self):
        self.fleet(1)
        self.wait_for_requests(self.server, RATE, self.coordinator)
        self.kill()
        other = self.short_run()
        self.assertEqual(0, other.returncode, other.stderr)
        self.assertIn("run 1 of ", other.stderr)
        self.assertIn("cannot be gone on with", other.stderr)
        self.assertEqual([(2, "DONE"), (1, "UNFINISHED")], [(run["run"], run["verdict"]) for run in self.runs()])
        recovered = self.lockstep("recover", self.journal)
        self.assertEqual(255, recovered.returncode, recovered.stderr)


    def test_a_run_that_had_not_started_is_named_with_what_it_had_begun(self):
        self.fleet(1, script="import http from 'k6/http';\nimport { sleep } from 'k6';\nexport default () => {};\n"
                             "export function setup() { http.get(`${__ENV.TARGET}/status/200`); sleep(60); }\n")
        self.wait_for_requests(self.server, 1, self.coordinator)
        self.kill()
        self.coordinator = self.start(*self.command)
        self.assertIn("but its setup() had begun, and nobody called its teardown()",
                      next(line for line in self.coordinator.stderr if "had not started when its coordinator was gone" in line))


class Histories(JournalTest):
    def test_runs_are_listed_and_compared(self):
        for _ in range(2):
            run = self.short_run()
            self.assertEqual(0, run.returncode, run.stderr)
        listed = self.lockstep("runs", "--journal", self.journal)
        self.assertRegex(listed.stdout, r"^RUN +BEGUN +SCRIPT +.*\n2 .* 20 +0 +20 +DONE +0 +VALID\n1 ")
        compared = self.lockstep("compare", "last", "--journal", self.journal)
        self.assertEqual(0, compared.returncode, compared.stderr)
        self.assertIn("http_req_duration", compared.stdout)
        self.assertEqual(1, len(json.loads(self.lockstep("runs", "--journal", self.journal, "--most", "1", "--json").stdout)))
        self.env["LOCKSTEP_JOURNAL"] = str(self.journal)
        self.assertEqual(listed.stdout, self.lockstep("runs").stdout)

    def test_a_single_run_has_nothing_to_be_compared_with(self):
        self.short_run()
        compared = self.lockstep("compare", "last", "--journal", self.journal)
        self.assertEqual(255, compared.returncode)
        self.assertIn("run 1 is the only one of", compared.stderr)

    def test_a_run_that_had_ended_when_its_process_was_killed_is_answered_for_and_not_run_again(self):
        (self.folder / "lockstep.yaml").write_text("thresholds: { http_reqs: ['count>1000'] }\n", "utf-8")
        script = self.script("import http from 'k6/http';\nexport default () => { http.get(`${__ENV.TARGET}/status/200`); };\n")
        command = ["run", "-u", "2", "-i", "20", "--linger", "--journal", str(self.journal), "-e", f"TARGET={self.server.url}", script]
        self.coordinator = self.start(*command)
        self.addCleanup(lambda: (self.coordinator.kill(), self.coordinator.communicate(timeout=PATIENCE)))
        wait_until(lambda: '"exitCode":99' in self.lockstep("runs", "--journal", self.journal, "--json").stdout.replace(" ", ""),
                   "the end is kept")
        self.kill()
        answer = self.lockstep(*command)
        self.assertEqual(99, answer.returncode, answer.stderr)
        self.assertIn("had ended when its process was gone, but that had not given its exit code, 99", answer.stderr)
        self.assertRegex(answer.stdout, r"(?s)http_reqs.*: 20 .*\nFAILED ")
        self.assertEqual(20, self.server.count())
        command.remove("--linger")
        self.assertEqual(99, self.lockstep(*command).returncode)
        self.assertEqual(40, self.server.count(), "once it has been answered for, the test is run again")
        self.assertEqual(2, len(self.runs()))

    def end_and_kill(self, *command):
        """A run that has ended, of a process that was killed before it gave its exit code."""
        self.journal.unlink(missing_ok=True)
        self.coordinator = self.start(*command, "--linger", "--journal", str(self.journal))
        wait_until(lambda: '"exitCode":0' in self.lockstep("runs", "--journal", self.journal, "--json").stdout.replace(" ", ""),
                   "the end is kept")
        self.kill()

    def test_a_run_that_had_ended_is_not_answered_for_where_its_script_would_read_something_else(self):
        part, absent, secrets = (self.folder / name for name in ("part.js", "absent.txt", "secrets"))
        command = ["run", "-i", "2", "--include-system-env-vars", "--secret-source", f"file={secrets}", self.script(
            "import { more } from './part.js';\nlet absent;\ntry { absent = open('absent.txt'); } catch {}\n"
            "export default () => { console.log(more, absent, __ENV['GREE' + 'TING']); };\n")]
        changes = {
            "an imported file": lambda: part.write_text("export const more = 'two';\n", "utf-8"),
            "a file that was missing": lambda: absent.write_text("there", "utf-8"),
            "a variable that no script names": lambda: self.env.__setitem__("GREETING", "goodbye"),
            "a secret": lambda: secrets.write_text("key=other", "utf-8"),
        }
        for what, change in changes.items():
            with self.subTest(what):
                part.write_text("export const more = 'one';\n", "utf-8")
                absent.unlink(missing_ok=True)
                secrets.write_text("key=value", "utf-8")
                self.env |= {"GREETING": "hello", "INVOCATION_ID": "1"}
                self.end_and_kill(*command)
                self.env["INVOCATION_ID"] = "2"  # as under systemd
                change()
                told = self.lockstep(*command, "--journal", self.journal)
                self.assertIn("a file that its script reads, a variable or a secret has changed since", told.stderr)
                self.assertEqual(2, len(self.runs()))
        self.end_and_kill(*command)
        self.env["INVOCATION_ID"] = "3"
        self.assertIn("this one gives it, and runs nothing", self.lockstep(*command, "--linger", "--journal", self.journal).stderr)

    def test_a_run_that_had_ended_is_answered_for_only_where_its_modules_from_servers_are_known_to_be_the_same(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Module)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever).start()
        command = ["run", "-i", "2", "--module-cache", str(self.folder / "modules"),
                   self.script(f"import 'http://127.0.0.1:{server.server_port}/module.js';\nexport default () => {{}};\n")]
        for server.cache_control, answer in (
                ("max-age=3600", "this one gives it, and runs nothing"),
                ("no-store", "nobody knows whether the modules that it imports from servers are still what they were")):
            with self.subTest(server.cache_control):
                shutil.rmtree(self.folder / "modules", ignore_errors=True)
                self.end_and_kill(*command)
                self.assertIn(answer, self.lockstep(*command, "--journal", self.journal).stderr)

    def test_a_run_that_had_ended_is_answered_for_only_where_nothing_else_is_wanted(self):
        command = ["run", "-i", "2", "--journal", str(self.journal), self.script("export default () => {};")]
        config = self.folder / "lockstep.yaml"
        for i, (more, variable, text) in enumerate(((["-o", "result=late.json"], "", ""), ([], "3", ""), ([], "", "maxRedirects: 3"))):
            with self.subTest(more=more, variable=variable, text=text):
                self.coordinator = self.start(*command, "--linger")
                self.addCleanup(lambda process=self.coordinator: (process.kill(), process.communicate(timeout=PATIENCE)))
                wait_until(lambda: (runs := self.lockstep("runs", "--journal", self.journal, "--json").stdout) and
                           len(done := json.loads(runs)) == 2 * i + 1 and done[0].get("exitCode") == 0, "the end is kept")
                self.kill()
                config.write_text(text, "utf-8")
                self.env["K6_RPS"] = variable
                again = self.lockstep(*command, *more)
                self.assertEqual(0, again.returncode, again.stderr)
                self.assertNotIn("runs nothing", again.stderr)
                self.assertEqual(2 * i + 2, len(self.runs()))
                config.unlink()
                self.env["K6_RPS"] = ""
        self.assertTrue((self.folder / "late.json").exists())

    def test_a_run_whose_process_was_killed_while_it_reports_its_usage_is_answered_for(self):
        with socket.create_server(("127.0.0.1", 0)) as mute:  # never accepts: the report takes two seconds
            command = ["run", "-i", "2", "--usage-report-url", f"http://127.0.0.1:{mute.getsockname()[1]}/", "--journal", str(self.journal),
                       self.script("export default () => {};")]
            self.coordinator = self.start(*command)
            self.assertTrue(select.select([mute], [], [], PATIENCE)[0], "it reports its usage")
            self.kill()
            again = self.lockstep(*command)
        self.assertEqual(0, again.returncode, again.stderr)
        self.assertIn("runs nothing", again.stderr)
        self.assertEqual(1, len(self.runs()))

    def test_there_is_nothing_to_recover_of_a_run_that_ended(self):
        self.short_run()
        for flags, message in (([], "all of its runs have ended by themselves"), (["--run", "9"], "there is no run 9")):
            recovered = self.lockstep("recover", self.journal, *flags)
            self.assertEqual(255, recovered.returncode)
            self.assertIn(message, recovered.stderr)

    def test_the_result_of_a_run_that_ended_can_be_had_again(self):
        self.short_run("--result-file", "first.json", "-o", "junit=first.xml")
        again = self.lockstep("recover", self.journal, "--run", "1", "-o", "result=again.json", "-o", "junit=again.xml", "-o", "report=again.html")
        self.assertEqual(0, again.returncode, again.stderr)
        self.assertRegex(again.stdout, r"(?s)^run 1, [^\n]*script.js, has ended by itself, at [^\n]*, with exit code 0\n.*http_reqs.*: 20 .*\nDONE ")
        for first, second in (("first.json", "again.json"), ("first.xml", "again.xml")):
            self.assertEqual((self.folder / first).read_text("utf-8"), (self.folder / second).read_text("utf-8"))
        self.assertIn("<html", (self.folder / "again.html").read_text("utf-8"))
        github = self.lockstep("recover", self.journal, "--run", "1", "-o", "github=x.md")
        self.assertEqual(255, github.returncode)
        self.assertIn("of a run that has ended only its result is kept", github.stderr)

    def test_a_crossed_threshold_reads_the_same_once_more(self):
        (self.folder / "lockstep.yaml").write_text("thresholds: { http_reqs: ['count>1000'], 'http_reqs{a:b}': ['count==0'] }\n", "utf-8")
        self.assertEqual(99, self.short_run("-o", "junit=first.xml").returncode)
        again = self.lockstep("recover", self.journal, "--run", "1", "-o", "junit=again.xml")
        self.assertEqual(0, again.returncode, again.stderr)
        first = (self.folder / "first.xml").read_text("utf-8")
        self.assertIn('<failure message="crossed: count=20" type="thresholds"/>', first)
        self.assertEqual(first, (self.folder / "again.xml").read_text("utf-8"))
        two = self.lockstep("recover", self.journal, "--run", "1", "-o", "junit=/no/such/x", "-o", "result=/no/such/y")
        self.assertIn("-o junit: cannot write '/no/such/x'", two.stderr)
        self.assertIn("-o result: cannot write '/no/such/y'", two.stderr)

    def test_what_only_its_owner_reads(self):
        self.short_run()
        self.assertEqual(0o600, self.journal.stat().st_mode & 0o777)


class Faults(JournalTest):
    def refused(self, message):
        for command in (lambda: self.short_run(), lambda: self.lockstep("runs", "--journal", self.journal),
                        lambda: self.lockstep("recover", self.journal)):
            answer = command()
            self.assertNotEqual(0, answer.returncode)
            self.assertIn(f"journal {self.journal}: {message}", answer.stderr)

    def test_a_file_that_is_no_database(self):
        self.journal.write_text("To be, or not to be\n" * 100, "utf-8")
        self.refused("it is neither a journal of lockstep nor any other database")

    def test_a_database_that_is_no_journal(self):
        with sqlite3.connect(self.journal) as database:
            database.execute("CREATE TABLE friend (name TEXT)")
        self.refused("it is a database, but not a journal of lockstep")

    def test_a_newer_journal(self):
        self.short_run()
        with sqlite3.connect(self.journal) as database:
            database.execute("PRAGMA user_version = 12")
        self.refused("a newer lockstep has written it (schema 12); this one knows schema 11, so it needs another file, or that lockstep")

    def test_a_damaged_journal(self):
        self.short_run()
        with sqlite3.connect(self.journal) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        content = bytearray(self.journal.read_bytes())
        for page in range(2, len(content) // 4096):
            content[page * 4096:page * 4096 + 2000] = b"\xff" * 2000
        self.journal.write_bytes(content)
        self.refused("it is damaged: ")

    def test_a_journal_in_use(self):
        self.fleet(1)
        self.wait_for_requests(self.server, 1, self.coordinator)
        for answer in (self.short_run(), self.lockstep("recover", self.journal)):
            self.assertNotEqual(0, answer.returncode)
            self.assertIn("another process of lockstep is using it", answer.stderr)
        self.assertEqual(1, len(self.runs()), "the history can be looked at meanwhile")

    def test_a_place_that_is_not_there(self):
        self.journal = self.folder / "nowhere" / "runs.db"
        for answer in (self.short_run(), self.lockstep("runs", "--journal", self.journal)):
            self.assertNotEqual(0, answer.returncode)
            self.assertIn(f"journal {self.journal}: No such file or directory", answer.stderr)

    def test_a_full_disk_does_not_end_the_run(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
        run = subprocess.run([BIN / "lockstep", "run", "-u", "2", "-d", "6s", "--journal", self.journal, "-e", f"TARGET={self.server.url}",
                              self.script("import http from 'k6/http';\nimport { sleep } from 'k6';\nexport default () => "
                                          "{ http.get(`${__ENV.TARGET}/status/200?${__VU}-${__ITER}`); sleep(0.02); };\n")],
                             capture_output=True, text=True, timeout=PATIENCE, cwd=self.folder, env=self.env,
                             preexec_fn=limit, restore_signals=False)  # SIGXFSZ stays ignored, as in Python
        self.assertEqual(0, run.returncode, run.stderr)
        self.assertEqual(1, run.stderr.count("the test goes on, and nothing of it is kept there until that is possible again"), run.stderr)
        self.assertRegex(run.stdout, r"note: journal .*: .*; from \d+s after the start on nothing was kept there but the result, if")

    def test_an_empty_file_is_not_made_a_journal(self):
        self.journal.touch()
        recovered = self.lockstep("recover", self.journal)
        self.assertEqual(255, recovered.returncode)
        self.assertIn("it is empty, and not a journal of lockstep", recovered.stderr)
        self.assertEqual(0, self.journal.stat().st_size)


if __name__ == "__main__":
    unittest.main()
