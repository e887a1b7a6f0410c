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

    def test_an_endless_loop_is_interrupted_at_the_end_of_graceful_stop(self):
        result = self.lockstep("run", self.script("""
            export const options = { scenarios: { s: { executor: 'constant-vus', vus: 1, duration: '1s', gracefulStop: '0s' } } };
            export default function () { for (;;) {} }
        """))
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertIn("0 complete and 1 interrupted iterations", result.stdout)

    def test_a_script_that_eats_all_memory_ends_its_agent_with_a_message(self):
        result = self.lockstep("run", self.script("""
            export default function () { const hoard = []; for (;;) hoard.push({ text: 'x'.repeat(50) + hoard.length }); }
        """))
        self.assertEqual(255, result.returncode, result.stderr)
        self.assertIn("out of memory", result.stderr)
        self.assertIn("agent-1 was lost", result.stderr)
        self.assertEqual([], self.strays())

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
            ("export const a = 1;", 104, "no exported functions in script"),
        ]:
            with self.subTest(text):
                self.check(code, message, "run", self.script(text))

    def test_on_the_command_line(self):
        script = self.script("export default () => {}")
        self.check(255, "missing.js", "run", "missing.js")
        self.check(255, "--nonsense", "run", "--nonsense", script)
        self.check(104, "--duration", "run", "--duration", "5", script)
        self.check(104, "--vus", "run", "--vus", "many", script)

    def test_an_agent_program_that_is_missing_is_named(self):
        shutil.copy(BIN / "lockstep", self.folder / "lockstep")
        result = subprocess.run([self.folder / "lockstep", "run", self.script("export default () => {}")],
                                capture_output=True, text=True, timeout=PATIENCE, env=self.env)
        self.assertEqual(255, result.returncode)
        self.assertIn("lockstep-agent", result.stderr)


if __name__ == "__main__":
    unittest.main()
