"""`lockstep run` with real processes on loopback: what it counts, how it stops, and what it says to mistakes."""
import json
import re
import shutil
import signal
import subprocess
import unittest

from tests.integration.support import BIN, PATIENCE, ROOT, LockstepTest

SHARED = """
import http from 'k6/http';
export const options = { scenarios: { s: { executor: 'shared-iterations', vus: 5, iterations: 10 } } };
export function setup() { http.get(`${__ENV.TARGET}/status/200?at=setup`); return 1; }
export default function () { console.log('it'); http.get(`${__ENV.TARGET}/status/200`); }
export function teardown() { http.get(`${__ENV.TARGET}/status/200?at=teardown`); }
export function handleSummary(data) { return { 'summary.json': JSON.stringify(data), stdout: 'summed up\\n' }; }
"""


class Counts(LockstepTest):
    def test_the_quick_start_ends_well_and_counts_what_the_server_counted(self):
        server = self.serve()
        result = self.lockstep("run", "-e", f"TARGET={server.url}", str(ROOT / "tests/data/quickstart.js"))
        self.assertEqual(0, result.returncode, result.stderr)
        requests = re.search(r"http_reqs\.+: (\d+)", result.stdout)
        self.assertEqual(server.count(), int(requests[1]))
        self.assertEqual([], self.strays())

    def test_a_request_that_could_not_be_made_is_told_at_the_end(self):
        """As in k6 it is in no metric, so that the threshold has nothing to judge."""
        result = self.lockstep("run", self.script("""
            import http from 'k6/http';
            export const options = { thresholds: { http_req_failed: ['rate<0.01'] } };
            export default function () { http.get('http://host:port/'); http.post('http://127.0.0.1/', [1]); }"""))
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertRegex(result.stdout, r"ERRORS   1 threshold without samples · 2 other failures · 1 iteration\n")
        self.assertRegex(result.stdout, r"1 x invalid URL: parse \S+host:port.* GET")
        self.assertRegex(result.stdout, r"1 x unknown request body type \[\]interface {} +POST")

    def test_three_agents_do_what_one_does(self):
        for agents, shares in ((1, [10]), (3, [2, 4, 4])):
            server = self.serve()
            result = self.lockstep("run", "--agents", str(agents), "-e", f"TARGET={server.url}", self.script(SHARED))
            self.assertEqual(0, result.returncode, result.stderr)
            counts = re.findall(r"agent=(agent-\d)", result.stderr) if agents > 1 else ["agent-1"] * 10
            self.assertEqual(shares, sorted(counts.count(name) for name in set(counts)))
            self.assertEqual(1, result.stdout.count("summed up"))
            summary = json.loads((self.folder / "summary.json").read_text("utf-8"))
            self.assertEqual(10, summary["metrics"]["iterations"]["values"]["count"])
            # setup and teardown once, however many agents there are
            self.assertEqual(12, summary["metrics"]["http_reqs"]["values"]["count"])
            self.assertEqual(12, server.count())


class Ruler(LockstepTest):
    # One VU that is busy for the whole run: all other starts find none.
    STARVED = """
    import { sleep } from 'k6';
    export const options = { scenarios: { s: { executor: 'constant-arrival-rate', rate: 20, duration: '1s',
      preAllocatedVUs: 1, maxVUs: 1 } } };
    export default function () { sleep(1.5); }
    """

    def test_a_run_short_of_vus_is_invalid_and_says_why(self):
        result = self.lockstep("run", "--summary-export", "out.json", self.script(self.STARVED))
        self.assertEqual(0, result.returncode, result.stderr)
        reason = "19 of 20 starts were dropped because no VU was free: raise preAllocatedVUs and maxVUs"
        self.assertIn(f"generator: INVALID\n      - {reason}", result.stdout)
        validity = json.loads((self.folder / "out.json").read_text("utf-8"))["validity"]
        self.assertEqual("INVALID", validity["verdict"])
        self.assertIn(reason, validity["reasons"])

    def test_fail_on_suspect_makes_it_an_exit_code(self):
        result = self.lockstep("run", "--fail-on-suspect", self.script(self.STARVED))
        self.assertEqual(112, result.returncode, result.stderr)
        self.assertIn("the generator is INVALID, and --fail-on-suspect was given", result.stderr)

    def test_a_script_that_computes_is_named_as_the_cause_of_the_delay(self):
        result = self.lockstep("run", self.script("""
            export default function () { for (const until = Date.now() + 1500; Date.now() < until;); }
        """))
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertRegex(result.stdout, r"took events late: .*; likely because .*a script keeps them busy")

    def test_where_the_text_is_not_printed_bad_news_goes_to_the_log(self):
        result = self.lockstep("run", "--no-summary", self.script(self.STARVED))
        self.assertIn("the generator is INVALID: 19 of 20 starts", result.stderr)
        self.assertNotIn("generator", result.stdout)


class IntendedLatency(LockstepTest):
    TWO_REQUESTS = """
    import http from 'k6/http';
    export const options = { scenarios: { s: { executor: '%s', %s } } };
    export default function () { http.get(`${__ENV.TARGET}/status/200`); http.get(`${__ENV.TARGET}/status/200`); }
    export function handleSummary(data) { return { 'summary.json': JSON.stringify(data.metrics) }; }
    """
    PACED = TWO_REQUESTS % ("constant-arrival-rate", "rate: 20, duration: '1s', preAllocatedVUs: 20")

    def metrics(self, script, *flags):
        server = self.serve()
        result = self.lockstep("run", *flags, "-e", f"TARGET={server.url}", self.script(script))
        self.assertEqual(0, result.returncode, result.stderr)
        return json.loads((self.folder / "summary.json").read_text("utf-8"))

    def test_adds_the_lateness_of_a_start_to_its_first_request(self):
        metrics = self.metrics(self.PACED, "--intended-latency", "--summary-trend-stats", "count,avg,max")
        lateness, raw, intended = (metrics[name]["values"] for name in (
            "iteration_lateness", "http_req_duration", "http_req_duration_intended"))
        self.assertEqual((20, 40, 40), (lateness["count"], raw["count"], intended["count"]))
        self.assertAlmostEqual(lateness["avg"] * 20, (intended["avg"] - raw["avg"]) * 40, places=3)

    def test_is_not_there_unless_asked_for(self):
        self.assertNotIn("iteration_lateness", self.metrics(self.PACED))

    def test_is_not_there_without_a_schedule(self):
        metrics = self.metrics(self.TWO_REQUESTS % ("shared-iterations", "vus: 1, iterations: 2"), "--intended-latency")
        self.assertNotIn("iteration_lateness", metrics)
        self.assertNotIn("http_req_duration_intended", metrics)


class Summaries(LockstepTest):
    SCRIPT = """
    import exec from 'k6/execution';
    const abort = (where) => { if (__ENV.WHERE === where) exec.test.abort(where); };
    export function setup() { abort('setup'); }
    export default function () { abort('iteration'); }
    export function teardown() { abort('teardown'); }
    export function handleSummary() { console.log('asked'); if (!__ENV.NOTHING) return { stdout: 'mine\\n' }; }
    """

    def test_the_script_sums_up_wherever_it_aborts_the_run(self):
        for where in ("setup", "iteration", "teardown"):
            with self.subTest(where):
                result = self.lockstep("run", "-q", "-e", f"WHERE={where}", self.script(self.SCRIPT))
                self.assertEqual(108, result.returncode, result.stderr)
                self.assertIn(f"test aborted: {where}", result.stderr)
                self.assertEqual("mine\n", result.stdout)

    def test_init_code_that_fails_in_one_vu_has_a_summary_of_nothing(self):
        script = "export const options = { vus: 3, iterations: 3 };\n"
        for code, failing, told in ((107, "if (__VU === 2) throw new Error('only here');", "Error: only here"),
                                    (108, "if (__VU === 3) exec.test.abort('there');", "test aborted: there")):
            with self.subTest(failing):
                own = self.lockstep("run", "-q", self.script(script + self.SCRIPT + failing))
                self.assertEqual(code, own.returncode, own.stderr)
                self.assertIn(told, own.stderr)
                self.assertEqual("mine\n", own.stdout)
                text = self.lockstep("run", "-q", "-e", "NOTHING=1", self.script(script + self.SCRIPT + failing))
                self.assertEqual(code, text.returncode, text.stderr)
                self.assertNotRegex(text.stdout, r"(?m)^DONE|^PASSED")
                self.assertRegex(text.stdout, r"(?m)^(FAILED|ABORTED) +" + told)

    def test_an_abort_says_where_counts_its_iteration_and_drops_none(self):
        result = self.lockstep("run", "-q", self.script("""
            import exec from 'k6/execution';
            export const options = { scenarios: { a: { executor: 'shared-iterations', vus: 1, iterations: 10 } } };
            export default function () {
              if (exec.scenario.iterationInTest === 4) exec.test.abort('enough');
            }
            export function handleSummary({ metrics }) {
              return { stdout: `${metrics.iterations.values.count} ${'dropped_iterations' in metrics}\\n` };
            }
        """))
        self.assertEqual(108, result.returncode, result.stderr)
        self.assertEqual("5 false\n", result.stdout)
        self.assertRegex(result.stderr, r'msg="test aborted: enough at default \(file://.*script\.js:5:\d+\)"')
        self.assertNotIn("fully finished", result.stderr)

    def test_what_counts_as_an_error_is_one_thing_in_the_text_and_in_the_last_lines(self):
        for callback, failed in (("http.expectedStatuses(0)", 0), ("http.expectedStatuses(200)", 2), ("null", 2)):
            with self.subTest(callback):
                result = self.lockstep("run", "-q", "--iterations", "2", self.script(f"""
                    import http from 'k6/http';
                    http.setResponseCallback({callback});
                    export default function () {{ http.get('http://127.0.0.1:1/'); }}
                """))
                self.assertEqual(0, result.returncode, result.stderr)
                self.assertEqual(failed > 0, "http_reqs_errors" in result.stdout, result.stdout)
                self.assertEqual(failed > 0, "2 of 2 requests failed (100%)" in result.stdout, result.stdout)
                self.assertEqual(failed > 0, "dial: connection refused" in result.stdout, result.stdout)
                self.assertNotIn("other failure", result.stdout)

    def test_an_abort_is_counted_by_the_bar_and_the_text_alike(self):
        for planned in (1, 10):
            with self.subTest(planned):
                result = self.lockstep("run", "--iterations", str(planned), self.script("""
                    import exec from 'k6/execution';
                    export default function () { exec.test.abort('enough'); }
                """))
                self.assertEqual(108, result.returncode, result.stderr)
                self.assertRegex(result.stdout, r"iterations\.+: 1 ")
                self.assertRegex(result.stdout, "1 complete and 0 interrupted iterations")
                self.assertIn(f"1/{planned} iters", result.stdout)
                self.assertNotIn("fully finished", result.stderr)

    def test_every_failure_of_the_test_is_logged(self):
        result = self.lockstep("run", "-q", "--log-format", "raw", self.script("""
            import exec from 'k6/execution';
            export default function () { exec.test.fail('first'); exec.test.fail('second'); exec.test.fail(); console.log('on'); }
        """))
        self.assertEqual(110, result.returncode, result.stderr)
        self.assertEqual(["test marked as failed: first", "test marked as failed: second", "test marked as failed", "on",
                          "test run was marked as failed"], result.stderr.splitlines())

    def test_a_run_that_ends_in_setup_has_speeds(self):
        result = self.lockstep("run", "-q", "-e", f"TARGET={self.serve().url}", self.script("""
            import http from 'k6/http';
            import exec from 'k6/execution';
            export function setup() { http.get(__ENV.TARGET); exec.test.abort(); }
            export default function () {}
        """))
        self.assertEqual(108, result.returncode, result.stderr)
        self.assertRegex(result.stdout, r"http_reqs\.+: 1 +[1-9]\S*/s")

    def test_what_json_cannot_hold_is_no_result_of_setup(self):
        for value, told in (("{ a: [1, NaN] }", "1 is NaN"), ("-Infinity", "the result is -Infinity"), ("{ f() {} }", "f is a function")):
            script = f"export const setup = () => ({value}); export default function () {{}}"
            result = self.lockstep("run", "-q", self.script(script))
            self.assertEqual(255, result.returncode, result.stderr)
            self.assertIn(f"setup() returned data that JSON cannot hold: {told}", result.stderr)

    def test_the_data_has_a_place_for_what_setup_returned(self):
        result = self.lockstep("run", "-q", self.script("""
            export default function () {}
            export function handleSummary(data) { return { stdout: `${'setup_data' in data} ${data.setup_data}\\n` }; }
        """))
        self.assertEqual("true undefined\n", result.stdout)
        result = self.lockstep("run", "-q", "--new-machine-readable-summary", self.script("""
            export default function () {}
            export function handleSummary(data) { return { stdout: `${Object.keys(data)}\n` }; }
        """))
        self.assertNotIn("setup_data", result.stdout)
        self.assertIn("results", result.stdout)

    def test_the_vus_of_an_arrival_rate_are_those_at_work(self):
        result = self.lockstep("run", self.script("""
            import { sleep } from 'k6';
            export const options = { scenarios: { s: {
              executor: 'constant-arrival-rate', rate: 4, duration: '3s', preAllocatedVUs: 20 } } };
            export default function () { sleep(0.1); }
            export function handleSummary({ metrics }) { return { 'vus.json': JSON.stringify(metrics.vus.values) }; }
        """))
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertLess(json.loads((self.folder / "vus.json").read_text("utf-8"))["max"], 20)
        self.assertRegex(result.stdout, r"(?m)^s +\[ +\d+% \] 0\d/20 VUs ")
        self.assertNotRegex(result.stdout, r"20/20 VUs")

    def test_the_export_holds_what_setup_returned(self):
        for returned, wanted in (("{ a: [1] }", {"a": [1]}), ("undefined", "nothing")):
            script = f"export const setup = () => ({returned}); export default function () {{}}"
            result = self.lockstep("run", "-q", "--summary-export", "export.json", self.script(script))
            self.assertEqual(0, result.returncode, result.stderr)
            export = json.loads((self.folder / "export.json").read_text("utf-8"))
            self.assertEqual(wanted, export.get("setup_data", "nothing"))

    def test_one_that_returns_nothing_gets_the_usual_text(self):
        result = self.lockstep("run", "-q", "-e", "NOTHING=1", self.script(self.SCRIPT))
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertIn("msg=asked", result.stderr)
        self.assertIn("TOTAL RESULTS", result.stdout)


class Exceptions(LockstepTest):
    def test_say_where_they_come_from(self):
        result = self.lockstep("run", "-q", self.script("""
            export const options = { scenarios: { s: { executor: 'per-vu-iterations', vus: 1, iterations: 2 } } };
            export default async function () { if (__ITER === 0) throw new Error('thrown'); Promise.reject(new Error('rejected')); }
        """))
        self.assertEqual(0, result.returncode, result.stderr)
        for message in ("thrown", "rejected"):
            self.assertRegex(result.stderr, rf'msg="[^"]*Error: {message}.*" executor=per-vu-iterations scenario=s source=stacktrace')


class Ends(LockstepTest):
    LONG = """
    import http from 'k6/http';
    import { sleep } from 'k6';
    export const options = { scenarios: { s: { executor: 'constant-vus', vus: 2, duration: '60s', gracefulStop: '%s' } } };
    export default function () { http.get(`${__ENV.TARGET}/status/200?at=begin`); console.log('begun'); sleep(%s); console.log('ended'); }
    export function teardown() { console.log('torn down'); }
    """

    def started(self, script):
        server = self.serve()
        process = self.start("run", "-e", f"TARGET={server.url}", self.script(script))
        errors = ""
        while errors.count("begun") < 2:
            errors += process.stderr.readline()
        return process, errors

    def finish(self, process, errors):
        output, rest = process.communicate(timeout=PATIENCE)
        self.assertEqual([], self.strays())
        return output, errors + rest

    def test_ctrl_c_waits_for_iterations_tears_down_and_sums_up(self):
        process, errors = self.started(self.LONG % ("30s", "1"))
        process.send_signal(signal.SIGINT)
        output, errors = self.finish(process, errors)
        self.assertEqual(105, process.returncode, errors)
        self.assertEqual(errors.count("begun"), errors.count("ended"))
        self.assertEqual(1, errors.count("torn down"))
        self.assertIn("received a 'interrupt' signal", errors)
        self.assertRegex(output, r"iterations\.+: \d+ ")

    def test_a_second_ctrl_c_interrupts_iterations_and_still_sums_up(self):
        process, errors = self.started(self.LONG % ("30s", "50"))
        process.send_signal(signal.SIGINT)
        while "signal" not in errors:
            errors += process.stderr.readline()
        process.send_signal(signal.SIGINT)
        output, errors = self.finish(process, errors)
        self.assertEqual(105, process.returncode, errors)
        self.assertIn("0 complete and 2 interrupted iterations", output)
        self.assertRegex(output, r"http_reqs\.+: 2 ")
        self.assertNotIn("ended", errors)

    def test_a_closed_standard_output_ends_the_run_in_order(self):
        process, errors = self.started(self.LONG % ("0s", "0.1"))
        process.stdout.close()
        process.stdout = None
        _, rest = process.communicate(timeout=PATIENCE)
        self.assertEqual(105, process.returncode, errors + rest)
        self.assertIn("received a 'broken pipe' signal", errors + rest)
        self.assertIn("torn down", rest)
        self.assertEqual([], self.strays())
        self.assertEqual(["script.js"], [path.name for path in self.folder.iterdir()])

    def test_an_endless_loop_is_interrupted_at_the_end_of_graceful_stop(self):
        result = self.lockstep("run", self.script("""
            export const options = { scenarios: { s: { executor: 'constant-vus', vus: 1, duration: '1s', gracefulStop: '0s' } } };
            export default function () { for (;;) {} }
        """))
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertIn("0 complete and 1 interrupted iterations", result.stdout)

    def test_a_script_that_eats_all_memory_ends_its_agent_with_a_message(self):
        result = self.lockstep("run", "--max-vu-block", "0s", self.script("""
            export default function () { const hoard = []; for (;;) hoard.push(new Array(1e6).fill(hoard.length)); }
        """))
        self.assertEqual(255, result.returncode, result.stderr)
        self.assertIn("out of memory", result.stderr)
        self.assertIn("agent-1 was lost", result.stderr)
        self.assertEqual([], self.strays())

    def test_the_callback_of_a_finalization_registry_cannot_wait(self):
        """V8 calls it between the turns of the VUs, where there is nothing to go on with."""
        result = self.lockstep("run", self.script("""
            import { sleep } from 'k6';
            const registry = new FinalizationRegistry(() => sleep(0.001));
            export const options = { iterations: 3 };
            export default function () {
              for (let i = 0; i < 100; i++) registry.register(new Array(200_000), i);
              sleep(1);
            }
        """))
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertIn("a callback of a FinalizationRegistry cannot wait", result.stdout + result.stderr)
        self.assertIn("3 complete and 0 interrupted iterations", result.stdout)

    def test_a_killed_local_agent_is_named(self):
        process, errors = self.started(self.LONG % ("30s", "50"))
        subprocess.run(["pkill", "-KILL", "-P", str(process.pid)], check=True)
        _, errors = self.finish(process, errors)
        self.assertEqual(255, process.returncode)
        self.assertIn("agent agent-1 was lost", errors)


class Mistakes(LockstepTest):
    def check(self, code, message, *args):
        result = self.lockstep(*args)
        self.assertEqual(code, result.returncode, result.stderr)
        self.assertIn(message, result.stderr)
        self.assertLess(len(result.stderr.splitlines()), 25, "a message fits on a screen")
        self.assertEqual([], self.strays())

    def test_in_scripts(self):
        for text, code, message in [
            ("throw new Error('boom')", 107, "boom"),
            ("export default function () { let = = 3; }", 107, "script.js: Line 1:36 Unexpected token"),
            ("import './absent.js'; export default () => {}", 107, "absent.js"),
            ("export const options = { duration: '5x' }; export default () => {}", 104, "5x"),
            ("export const options = { scenarios: { a: { executor: 'nope' } } }; export default () => {}", 104,
             "unknown executor type 'nope'"),
            ("export const options = { thresholds: { http_reqs: ['p(95)<1'] } }; export default () => {}", 104, "http_reqs"),
            ("export const options = { thresholds: { nope: ['count>1'] } }; export default () => {}", 104, "nope"),
            ("export const a = 1;", 255, "no exported functions in script"),
            ("export const options = { tags: { n: 5 } }; export default () => {}", 104, "tags.n: invalid value 5"),
            ("export const options = { iterations: 1, scenarios: {} }; export default () => {}", 104,
             "using `iterations` and `scenarios` options simultaneously is not allowed"),
        ]:
            with self.subTest(text):
                self.check(code, message, "run", self.script(text))

    def test_on_the_command_line(self):
        script = self.script("export default () => {}")
        self.check(255, "missing.js", "run", "missing.js")
        self.check(255, "--nonsense", "run", "--nonsense", script)
        self.check(255, "--duration", "run", "--duration", "5", script)
        self.check(255, "--vus", "run", "--vus", "many", script)
        self.check(255, "--summary-export: cannot write 'no/x.json'", "run", "--summary-export", "no/x.json", script)
        self.check(255, "--local-ips: invalid value", "inspect", "--local-ips", "lo", script)
        self.check(255, "--blacklist-ip: invalid value", "run", "--blacklist-ip", "lo", script)
        self.check(255, "--block-hostnames: invalid hostname", "run", "--block-hostnames", "%", script)
        self.check(255, "--summary-trend-stats: invalid value", "run", "--summary-trend-stats", "p(x)", script)
        self.check(255, "--rps: invalid value", "run", "--rps=-1", script)
        self.check(255, "--secret-source: unknown type", "run", "--secret-source=vault", script)
        # What does not fit together is a matter of the options, wherever they are from.
        self.check(104, "-u, -i: scenario default has configuration errors", "run", "-u", "3", "-i", "2", script)

    def test_are_told_under_the_name_that_was_written(self):
        script = self.script("export default () => {}")
        (self.folder / "c.yaml").write_text("setupTimeout: -1\nsystemTags: [ulr]\nthresholds: {nope: ['count>1']}\nout: [statsd=h:0]\n", "utf-8")
        result = self.lockstep("run", "-q", "-c", "c.yaml", "-u", "x", "--vus", "2", "-u", "3", "-O", "a", script)
        self.assertIn('unknown flag \\"-O\\" of run', result.stderr)
        result = self.lockstep("run", "-q", "-c", "c.yaml", "-u", "x", "--vus", "2", "-u", "3", script)
        self.assertEqual(255, result.returncode)
        for mistake in ('-u: invalid value \\"x\\"', "c.yaml: setupTimeout: invalid value", "c.yaml: thresholds: invalid threshold defined on nope",
                        "c.yaml: out: statsd: invalid value"):
            self.assertIn(mistake, result.stderr)
        self.check(255, "-O: invalid value", "archive", "-O", "", script)
        result = self.lockstep("run", "-q", "--system-tags", "ulr", script)
        self.assertIn('--system-tags: there is no system tag \\"ulr\\"', result.stderr)
        self.env["K6_STATSD_ADDR"] = "h:0"
        self.check(255, "-o statsd: K6_STATSD_ADDR: invalid value", "run", "-o", "statsd", script)

    def test_everywhere_are_told_at_once(self):
        (self.folder / "lockstep.yaml").write_text("batch: many\n", "utf-8")
        self.env["K6_RPS"] = "x"
        script = self.script("""
            export const options = { thresholds: { nope: ['count>1'] }, scenarios: { a: {
              executor: 'constant-arrival-rate', rate: 'fast', duration: '0s', preAllocatedVUs: -1, exec: 'absent' } } };
            export default () => {}
        """)
        for command in ("run", "inspect", "plan"):
            result = self.lockstep(command, "--vus", "many", "--agents", "0", script) if command != "inspect" else \
                self.lockstep(command, "--vus", "many", script)
            self.assertEqual(255, result.returncode, result.stderr)
            for mistake in ("--vus: invalid value", "lockstep.yaml: batch: invalid value", "K6_RPS: invalid value",
                            "nope", "scenarios.a.rate: invalid value", "preAllocatedVUs can't be negative",
                            "the duration must be at least 1s", "function 'absent' not found"):
                self.assertIn(mistake, result.stderr)
        # A script that cannot be looked at does not hide the rest.
        result = self.lockstep("run", "--vus", "many", self.script("throw new Error('boom')"))
        self.assertEqual(107, result.returncode, result.stderr)
        self.assertIn("--vus: invalid value", result.stderr)
        self.assertIn("boom", result.stderr)

    def test_an_agent_program_that_is_missing_is_named(self):
        shutil.copy(BIN / "lockstep", self.folder / "lockstep")
        result = subprocess.run([self.folder / "lockstep", "run", self.script("export default () => {}")],
                                capture_output=True, text=True, timeout=PATIENCE, env=self.env)
        self.assertEqual(255, result.returncode)
        self.assertIn("lockstep-agent", result.stderr)


if __name__ == "__main__":
    unittest.main()
