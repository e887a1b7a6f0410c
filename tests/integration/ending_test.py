"""How a run ended is settled once: terminal, journal, result file, JUnit and GitHub say the same, whatever could not be written."""
import json
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import xml.etree.ElementTree

from tests.integration.support import BIN, PATIENCE, LockstepTest, wait_until

SCRIPT = "export const options = { iterations: 2 }; export default () => console.log('hello');\n"


class Ending(LockstepTest):
    FILES = ("-o", "junit=junit.xml", "-o", "github=step.md", "--result-file", "result.json", "--journal", "journal.db")

    def run_to_end(self, *args, script=SCRIPT, stdout=subprocess.PIPE, files=FILES):
        for name in ("junit.xml", "step.md", "result.json", "journal.db"):
            (self.folder / name).unlink(missing_ok=True)
        return subprocess.run([BIN / "lockstep", "run", "-q", *files, *args, self.script(script)], stdout=stdout,
                              stderr=subprocess.PIPE, text=True, timeout=PATIENCE, cwd=self.folder, env=self.env)

    def words(self):
        """What the end is called by the result file and the journal."""
        verdict = json.loads((self.folder / "result.json").read_text("utf-8"))["verdict"]
        runs = json.loads(self.lockstep("runs", "--journal", "journal.db", "--json").stdout)
        return verdict, runs[0]

    def check(self, code, reason):
        """All have this end."""
        verdict, kept = self.words()
        self.assertEqual("FAILED", verdict["word"])
        self.assertRegex(verdict["reason"], reason)
        self.assertEqual((code, "FAILED"), (kept["exitCode"], kept["verdict"]), kept)
        failure = xml.etree.ElementTree.parse(self.folder / "junit.xml").getroot().find(".//testcase[@name='ran to its end']/failure")
        self.assertIsNotNone(failure)
        self.assertRegex(failure.get("message"), reason)
        markdown = (self.folder / "step.md").read_text("utf-8")
        self.assertIn("## ❌ Load test", markdown)
        self.assertIn("\n**FAILED**: ", markdown)

    def test_a_generator_that_is_not_steady(self):
        starved = ("import { sleep } from 'k6';\nexport const options = { scenarios: { s: { executor: 'constant-arrival-rate',"
                   " rate: 20, duration: '1s', preAllocatedVUs: 1, maxVUs: 1 } } };\nexport default () => sleep(1.2);\n")
        result = self.run_to_end("--fail-on-suspect", script=starved)
        self.assertEqual(112, result.returncode, result.stderr)
        self.assertRegex(result.stdout, r"(?m)^FAILED +the generator is INVALID, and --fail-on-suspect was given")
        self.check(112, "the generator is INVALID, and --fail-on-suspect was given")

    def test_an_agent_of_ones_own_that_has_not_joined_says_nothing_below_the_verdict(self):
        shutil.copy(BIN / "lockstep", self.folder)
        agent = self.folder / "lockstep-agent"  # which never joins, and speaks when all has been said
        agent.write_text("#!/bin/sh\ntouch started\nuntil grep -q INTERRUPTED output; do sleep 0.05; done\nsleep 1\necho late >&2\n", "utf-8")
        agent.chmod(0o755)
        output = self.folder / "output"
        with output.open("w") as both:
            run = subprocess.Popen([self.folder / "lockstep", "run", self.script("export default () => {};")], cwd=self.folder,
                                   env=self.env, stdout=both, stderr=subprocess.STDOUT)
        self.addCleanup(run.kill)
        wait_until((self.folder / "started").exists, "the agent is there")
        run.send_signal(signal.SIGINT)
        self.assertEqual(105, run.wait(PATIENCE))
        said = output.read_text("utf-8")
        self.assertIn("INTERRUPTED", said)
        self.assertNotIn("late", said)

    def test_a_fault_of_the_script_tells_no_secret(self):
        for code, failing in ((107, "throw new Error('not ' + s)"), (108, "exec.test.abort('not ' + s)")):
            with self.subTest(failing):
                result = self.lockstep("run", "--secret-source=mock=k=s3cret", "-o", "result=r.json", "-o", "junit=r.xml", "-o", "report=r.html",
                                       "--journal", "j.db", self.script(f"""
                    import exec from 'k6/execution';
                    import secrets from 'k6/secrets';
                    export async function setup() {{ const s = await secrets.get('k'); {failing} }}
                    export default () => {{}};"""))
                self.assertEqual(code, result.returncode, result.stderr)
                self.assertRegex(result.stdout, r"(?m)^(FAILED|ABORTED) .*not \*\*\*SECRET_REDACTED\*\*\*")
                for told in (result.stdout, result.stderr, *((self.folder / name).read_text("utf-8", "replace")
                                                             for name in ("r.json", "r.xml", "r.html", "j.db"))):
                    self.assertNotIn("s3cret", told)

    def test_a_signal_before_anything_is_there(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with self.subTest(number):
                run = subprocess.Popen([BIN / "lockstep", "run", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       text=True, cwd=self.folder, env=self.env)
                self.addCleanup(run.kill)
                status = pathlib.Path(f"/proc/{run.pid}/status")
                wait_until(lambda: int(re.search(r"SigCgt:\s+(\w+)", status.read_text())[1], 16) >> (number - 1) & 1, "it takes signals")
                run.send_signal(number)
                self.assertEqual(("", "lockstep: interrupted before the test had begun\n"), run.communicate(timeout=PATIENCE))
                self.assertEqual(105, run.returncode)

    def test_where_nobody_sees_the_block_the_log_has_the_verdict_below_its_cause(self):
        failing = "export const options = { iterations: 2, thresholds: { iterations: ['count>2'] } }; export default () => {};\n"
        result = self.run_to_end("--summary-mode=disabled", script=failing)
        self.assertEqual(99, result.returncode, result.stderr)
        cause, verdict = result.stderr.splitlines()[-2:]
        self.assertRegex(cause, "level=error .*thresholds on metrics 'iterations' have been crossed")
        self.assertIn('level=warning msg="FAILED: 1 of 1 threshold', verdict)

    def test_a_file_that_cannot_be_written(self):
        own = "export const handleSummary = () => ({ 'absent/x.txt': 'x' });\n"
        for args, script, reason in ((["-o", "json=/dev/full"], SCRIPT, "/dev/full.*No space left on device"),
                                     (["-o", "csv=/dev/full"], SCRIPT, "/dev/full.*No space left on device"),
                                     (["--summary-export", "/dev/full"], SCRIPT, "--summary-export: .*/dev/full.*No space left"),
                                     (["--console-output", "/dev/full"], SCRIPT, "--console-output: .* are not in the file"),
                                     (["--log-output", "file=/dev/full"], SCRIPT, "--log-output: .* are not in the file"),
                                     ([], SCRIPT + own, "absent/x.txt.*No such file or directory")):
            with self.subTest(args):
                result = self.run_to_end(*args, script=script)
                self.assertEqual(255, result.returncode, result.stderr)
                if not script.endswith(own):
                    self.assertRegex(result.stdout, "(?m)^FAILED +.*" + reason)
                self.check(255, reason)

    def test_a_standard_output_that_cannot_be_written_to(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            result = self.run_to_end(stdout=full)
        self.assertEqual(255, result.returncode, result.stderr)
        self.check(255, "standard output: cannot write to it: No space left on device")
        arguments = " ".join(self.FILES)
        (self.folder / "journal.db").unlink()
        result = subprocess.run(["sh", "-c", f"exec {BIN}/lockstep run -q {arguments} script.js >&-"], stderr=subprocess.PIPE,
                                text=True, timeout=PATIENCE, cwd=self.folder, env=self.env)
        self.assertEqual(255, result.returncode, result.stderr)
        self.check(255, "standard output: cannot write to it: Bad file descriptor")

    def test_a_standard_output_that_nobody_reads(self):
        gone = subprocess.Popen(["true"], stdin=subprocess.PIPE)
        gone.wait(PATIENCE)
        result = self.run_to_end(stdout=gone.stdin)
        gone.stdin.close()
        self.assertEqual(255, result.returncode, result.stderr)
        self.assertIn("standard output: nobody reads it any more", result.stderr)
        self.check(255, "standard output: nobody reads it any more")

    def test_lines_that_loki_does_not_take_are_told_of_each_time(self):
        with socket.socket() as taken:  # which does not listen
            taken.bind(("127.0.0.1", 0))
            for _ in range(8):
                result = self.run_to_end("--log-output", f"loki=http://127.0.0.1:{taken.getsockname()[1]}/push", files=())
                self.assertEqual(0, result.returncode, result.stderr)
                self.assertRegex(result.stderr, r"(\d+) of \1 log lines did not reach http://127.0.0.1:\d+/push: ")

    def test_a_report_that_cannot_be_written_is_in_the_exit_code_the_terminal_and_the_journal(self):
        result = self.run_to_end(files=("-o", "junit=/dev/full", "--result-file", "result.json", "--journal", "journal.db"))
        self.assertEqual(255, result.returncode, result.stderr)
        self.assertRegex(result.stdout, "(?m)^FAILED +.*/dev/full.*No space left on device")
        verdict, kept = self.words()
        self.assertEqual(("DONE", 255, "FAILED"), (verdict["word"], kept["exitCode"], kept["verdict"]))

    def test_thresholds_without_samples_do_not_pass_what_failed(self):
        result = self.run_to_end(files=("--result-file", "result.json"), script="""
            import { Trend } from 'k6/metrics';
            new Trend('never');
            export const options = { iterations: 6, thresholds: { never: ['p(95)<500'], http_req_failed: ['rate<0.1'] } };
            export default () => { throw new Error('no token'); };
        """)
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertRegex(result.stdout, r"(?m)^ERRORS +2 thresholds without samples · 6 script exceptions")
        self.assertEqual("ERRORS", json.loads((self.folder / "result.json").read_text("utf-8"))["verdict"]["word"])

    def test_the_variable_of_the_dashboards_report_needs_no_dashboard(self):
        self.env |= {"K6_WEB_DASHBOARD_EXPORT": "r.html"}
        result = self.run_to_end(files=())
        self.assertEqual(0, result.returncode, result.stderr)
        self.assertIn("<html", (self.folder / "r.html").read_text("utf-8"))

    def test_the_history_shows_the_length_of_a_run_of_milliseconds(self):
        self.assertEqual(0, self.run_to_end().returncode)
        self.assertRegex(self.lockstep("runs", "--journal", "journal.db").stdout, r"script\.js +1 +(<1|[\d.]+)ms ")


class FullDisk(LockstepTest):
    def test_leaves_no_part_of_a_new_script(self):
        def no_room():
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))

        result = subprocess.run([BIN / "lockstep", "new", "load.js"], capture_output=True, text=True, timeout=PATIENCE,
                                cwd=self.folder, env=self.env, preexec_fn=no_room, restore_signals=False)
        self.assertEqual(255, result.returncode, result.stdout)
        self.assertIn("cannot write the file", result.stderr)
        self.assertFalse((self.folder / "load.js").exists())


class Columns(LockstepTest):
    def test_one_that_is_wanted_twice_is_one_and_none_is_a_mistake(self):
        script = self.script("export const options = { iterations: 1 }; export default () => {};\n")
        result = self.lockstep("run", "-q", "--summary-trend-stats", "min,max,min", script)
        self.assertRegex(result.stdout, r"iteration_duration\.*: min=\S+ +max=\S+ *\n")
        for empty in ("", ","):
            refused = self.lockstep("run", "-q", "--summary-trend-stats", empty, script)
            self.assertNotEqual(0, refused.returncode, refused.stdout)
            self.assertIn("--summary-trend-stats: invalid value", refused.stderr)
