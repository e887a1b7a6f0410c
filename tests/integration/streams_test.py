"""Readers who do not read, terminals that are closed, pipes without a reader: the run goes on, or says why not."""
import fcntl
import json
import os
import signal
import struct
import subprocess
import termios
import unittest

from tests.integration.fleet_test import FleetTest
from tests.integration.support import BIN, PATIENCE, LockstepTest, free_port, wait_until

# Longer than an agent waits for its coordinator.
NOISY = """
import { sleep } from 'k6';
export const options = { vus: 3, duration: '12s' };
export default function () { console.log('x'.repeat(2000)); sleep(0.02); }
"""
LONG = """
import { sleep } from 'k6';
export const options = { scenarios: { s: { executor: 'constant-vus', vus: 1, duration: '1h', gracefulStop: '1s' } } };
export function teardown() { console.log('torn down'); }
export default function () { console.log('running'); sleep(0.1); }
"""
SHORT = "export const options = { iterations: 2 }; export default () => {};\n"


class Streams(LockstepTest):
    def wait_for_line(self, process, text):
        lines = []
        while not lines or text not in lines[-1]:
            lines.append(process.stderr.readline())
            self.assertTrue(lines[-1], lines)

    def test_a_run_whose_output_and_log_nobody_reads_loses_neither_agents_nor_lines(self):
        process = self.start("run", "-q", "-o", "json", "--result-file", "r.json", self.script(NOISY))
        result = self.folder / "r.json"

        def over():
            self.assertIsNone(process.poll(), "it has not been read yet")
            return result.exists()

        wait_until(over, "the run is over")
        output, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual(0, process.returncode, errors[-2000:])
        written = json.loads(result.read_text("utf-8"))
        # Others may keep this machine busy; the coordinator's standing still would be a reason, too.
        self.assertNotIn("coordinator", " ".join(written["validity"].get("reasons", [])))
        iterations = next(each for each in written["metrics"] if each["key"] == "iterations")["data"]["sum"]
        self.assertGreater(iterations, 100)
        self.assertEqual(iterations, errors.count("source=console"))
        self.assertEqual(iterations, output.count('"metric":"iterations","type":"Point"'))
        self.assertIn("iterations", output.rsplit("}", 1)[1], "the summary is the last")

    def test_a_hangup_ends_a_run_in_good_order(self):
        process = self.start("run", "-q", "--result-file", "r.json", self.script(LONG))
        self.wait_for_line(process, "running")
        process.send_signal(signal.SIGHUP)
        _, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual(105, process.returncode)
        self.assertIn("torn down", errors)
        self.assertEqual("INTERRUPTED", json.loads((self.folder / "r.json").read_text("utf-8"))["verdict"]["word"])

    def test_a_hangup_that_is_ignored_is_none(self):
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
        try:
            process = self.start("run", "-q", self.script(LONG))
        finally:
            signal.signal(signal.SIGHUP, before)
        self.wait_for_line(process, "running")
        process.send_signal(signal.SIGHUP)
        self.wait_for_line(process, "running")
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=PATIENCE)
        self.assertEqual(105, process.returncode)
        self.assertIn("'terminated' signal", errors)

    def test_a_pipe_that_nobody_reads_is_an_error_before_the_start(self):
        os.mkfifo(self.folder / "pipe")
        script = self.script(SHORT)
        for args in (["-o", "json=pipe"], ["--result-file", "pipe"], ["--summary-export", "pipe"], ["--log-output", "file=pipe"]):
            result = self.lockstep("run", *args, script)
            self.assertEqual(255, result.returncode, args)
            self.assertIn("nobody reads this pipe", result.stderr, args)
            self.assertIn("pipe", result.stderr)
            self.assertNotIn("complete and", result.stdout, args)
        written = self.lockstep("run", "-q", self.script(SHORT + "export function handleSummary() { return { pipe: 'x' }; }\n"))
        self.assertEqual(255, written.returncode)
        self.assertIn("could not open 'pipe': nobody reads this pipe", written.stderr)

    def test_the_third_signal_ends_a_run_whose_loop_stands_still(self):
        pipe = self.folder / "pipe.gz"
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        self.addCleanup(os.close, reader)
        process = self.start("run", "-q", "-o", "json=pipe.gz", self.script(
            "export const options = { vus: 2, duration: '1h' };\n"
            "export default function () { for (let i = 0; i < 9; i++) group(`${Math.random()}${Math.random()}`, () => {}); sleep(0.001); }\n"
            "import { group, sleep } from 'k6';\n"))

        def waiting():
            self.assertIsNone(process.poll(), "it has ended")
            return struct.unpack("i", fcntl.ioctl(reader, termios.FIONREAD, b"\0" * 4))[0]

        wait_until(lambda: waiting() >= 60000, "the pipe is full", at_last=waiting)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            process.send_signal(number)
        self.assertEqual(105, process.wait(PATIENCE))

    def test_the_end_before_the_start_has_a_verdict(self):
        process = self.start("coordinator", "--insecure", "--listen", f"127.0.0.1:{free_port()}", self.script(SHORT))
        self.wait_for_line(process, "waiting for 1 agent")
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=PATIENCE)
        self.assertEqual(105, process.returncode)
        self.assertRegex(output, r"(?m)^INTERRUPTED +0 iterations$")


class Clashes(LockstepTest):
    def test_several_outputs_of_one_file_are_an_error_that_names_them(self):
        result = self.lockstep("run", "-q", "-o", "json=same.json", "--report", "./same.json", self.script(SHORT))
        self.assertEqual(255, result.returncode)
        self.assertIn('-o json, --report: both name the file \\"same.json\\"', result.stderr)
        self.assertFalse((self.folder / "same.json").exists())
        shared = self.lockstep("run", "-q", "-o", "json=/dev/stdout", "-o", "csv=/dev/stdout", self.script(SHORT))
        self.assertEqual(0, shared.returncode, shared.stderr)

    def test_what_is_read_stays_as_it_is(self):
        script = self.script(SHORT)
        self.assertEqual(0, self.lockstep("run", "-q", "--result-file", "r.json", script).returncode)
        (self.folder / "c.yaml").write_text("vus: 1\n", "utf-8")
        before = {name: (self.folder / name).read_bytes() for name in ("script.js", "r.json", "c.yaml")}
        for args in (["run", "--result-file", "script.js", script], ["run", "-c", "c.yaml", "-o", "csv=c.yaml", script],
                     ["archive", script, "-O", "script.js"], ["report", "r.json", "-o", "r.json"],
                     ["run", "--log-output", "file=script.js", script], ["run", "--console-output", script, script]):
            result = self.lockstep(*args)
            self.assertEqual(255, result.returncode, args)
            self.assertIn("would be written over, and is the ", result.stderr)
        self.assertEqual(before, {name: (self.folder / name).read_bytes() for name in before})


    def test_what_the_script_has_read_stays_as_it_is(self):
        (self.folder / "data.csv").write_text("a,b\n", "utf-8")
        (self.folder / "secrets.env").write_text("key=value\n", "utf-8")
        (self.folder / "helper.js").write_text("export const one = 1;\n", "utf-8")
        script = self.script("import { one } from './helper.js'; const data = open('./data.csv');\n" + SHORT)
        before = {path.name: path.read_bytes() for path in self.folder.iterdir() if path.is_file()}
        for args in (["--result-file", "data.csv"], ["-o", "json=helper.js"], ["--summary-export", "./data.csv"],
                     ["--report", "secrets.env", "--secret-source", "file=secrets.env"]):
            result = self.lockstep("run", *args, script)
            self.assertEqual(255, result.returncode, result.stderr)
            self.assertIn("would be written over, and is a file ", result.stderr)
        own = script.replace("script.js", "own.js")
        with open(own, "w", encoding="utf-8") as file:
            file.write("const data = open('./data.csv');\n" + SHORT +
                       "export const handleSummary = () => ({ 'data.csv': 'x', 'own.js': 'y', 'new.txt': 'z' });\n")
        result = self.lockstep("run", "-q", own)
        self.assertEqual(255, result.returncode, result.stderr)
        self.assertIn('handleSummary(): \\"data.csv\\" would be written over, and is a file that the script reads',
                      result.stderr.replace(str(self.folder) + "/", ""))
        self.assertEqual("z", (self.folder / "new.txt").read_text("utf-8"))
        self.assertEqual(before, {name: (self.folder / name).read_bytes() for name in before})


class Mistakes(LockstepTest):
    def test_one_kind_has_one_exit_code(self):
        script = self.script(SHORT)
        self.assertEqual(0, self.lockstep("certs", "init").returncode)
        for args in (["run", "--journal", script, script], ["runs", "--journal", script], ["certs", "agent", "../x"],
                     ["certs", "agent", "--days", "x"], ["compare", "a", "b", "--alpha", "2"], ["run", "--vsu", "3", script],
                     ["manifest", script, "--id", "A"]):
            self.assertEqual(255, self.lockstep(*args).returncode, args)

    def test_all_are_told_at_once_whatever_they_are_in(self):
        script = self.script(SHORT)
        wrong = ["--vus", "x", "--duration", "10", "--dns", "foo=1", "--log-format", "y", "--secret-source", "x=y", "--address", "x",
                 "--summary-export", "/nonexist/x", "-o", "foo", "--console-output", "/nonexist/c"]
        for path in (script, "absent.js"):
            result = self.lockstep("run", *wrong, path)
            self.assertEqual(255, result.returncode, result.stderr)
            for part in ("--vus: ", "--duration: ", "--dns: ", "--log-format: ", "--secret-source: ", "--address: invalid address",
                         "--summary-export: cannot write", "-o foo: invalid output type", "--console-output: cannot write"):
                self.assertIn(part, result.stderr)
        for command in ("inspect", "archive"):
            result = self.lockstep(command, "--vus", "x", "--log-output", "file=/nonexist/l", script)
            self.assertEqual(255, result.returncode)
            self.assertIn("--vus: ", result.stderr)
            self.assertIn("--log-output: cannot write", result.stderr)

    def test_certificates_that_nobody_has(self):
        self.lockstep("certs", "init")
        result = self.lockstep("certs", "revoke", "nobody")
        self.assertEqual(255, result.returncode)
        self.assertIn('no certificate was issued to \\"nobody\\": lockstep-ca/issued/nobody.crt: No such file', result.stderr)

    def test_a_damaged_result_names_the_place(self):
        (self.folder / "cut.json").write_text('{\n  "schema": "lockstep.result/1",\n  "errors": [', "utf-8")
        result = self.lockstep("report", "cut.json")
        self.assertEqual(255, result.returncode)
        self.assertRegex(result.stderr, r'cut\.json.*line 3, column \d+: ')

    def test_the_agents_help_that_cannot_be_written(self):
        with open("/dev/full", "w") as full:
            result = subprocess.run([BIN / "lockstep-agent", "--help"], stdout=full, stderr=subprocess.PIPE, text=True,
                                    timeout=PATIENCE)
        self.assertEqual(255, result.returncode)
        self.assertIn("standard output: cannot write to it: No space left on device", result.stderr)


class Agents(FleetTest):
    def test_a_hangup_lets_an_agent_leave_in_good_order(self):
        address = f"127.0.0.1:{free_port()}"
        run = self.coordinator(address, 2, "--on-agent-loss", "redistribute", self.script(
            "import { sleep } from 'k6';\nexport const options = { scenarios: { s: { executor: 'constant-vus', vus: 2,"
            " duration: '6s' } } };\nexport default () => sleep(0.1);\n"))
        agents = [self.agent(address, name, "--once") for name in ("a", "b")]
        self.wait_for_state(address, "Running")
        agents[1].send_signal(signal.SIGHUP)
        self.assertEqual(0, agents[1].wait(PATIENCE))
        output, errors = run.communicate(timeout=PATIENCE)
        self.assertEqual(0, run.returncode, errors)

    def test_the_port_of_http_is_told_from_that_of_agents(self):
        server = self.serve()
        address = server.url.split("//")[1]
        result = self.lockstep("status", "--insecure", address)
        self.assertEqual(255, result.returncode)
        self.assertIn("it speaks HTTP/1: is this the port of --listen (7411), and not that of --address?", result.stderr)
        self.assertNotIn("TLS", result.stderr)


if __name__ == "__main__":
    unittest.main()
