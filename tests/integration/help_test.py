"""Help, completions and manual pages, read by the programs that they are for; and standard output that takes nothing."""
import re
import shutil
import subprocess
import unittest

from tests.integration.support import BIN, PATIENCE, LockstepTest, free_port

COMMAND = re.compile(r"^\.TP\n\.B ([a-z ]+)\n", re.M)


class Pages(LockstepTest):
    def test_every_command_has_a_page_for_man(self):
        if shutil.which("man") is None:
            self.skipTest("no man here")
        commands = COMMAND.findall(self.lockstep("help", "--man").stdout)
        self.assertIn("certs revoke", commands)
        for command in commands:
            with self.subTest(command):
                page = self.folder / "page.1"
                page.write_text(self.lockstep("help", *command.split(), "--man").stdout, "utf-8")
                shown = subprocess.run(["man", "--warnings=w", "-l", page], capture_output=True, text=True, timeout=PATIENCE,
                                       env={**self.env, "PAGER": "cat", "MANWIDTH": "100", "LC_ALL": "C.UTF-8"})
                self.assertEqual((0, ""), (shown.returncode, shown.stderr))
                self.assertIn(f"lockstep {command}", shown.stdout)

    def test_completions_are_scripts_of_their_shells(self):
        script = self.folder / "completion.bash"
        script.write_text(self.lockstep("completion", "bash").stdout, "utf-8")
        if shutil.which("shellcheck"):
            checked = subprocess.run(["shellcheck", "--shell=bash", script], capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual((0, ""), (checked.returncode, checked.stdout))
        for words, expected in ((["sta"], ["status"]), (["run", "--iter"], ["--iterations"]), (["certs", "rev"], ["revoke"]),
                                (["run", "--summary-mode", "f"], ["full"]), (["run", "--partition", "=", "s"], ["striped"]),
                                (["run", "--config", ""], []), (["run", ""], [])):
            line = " ".join(["lockstep", *words])
            reply = subprocess.run(["bash", "-c", f"source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words)}; _lockstep; "
                                    'printf "%s\\n" "${COMPREPLY[@]}"'], capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual(expected, reply.stdout.split(), reply.stderr)
        for shell in ("zsh", "fish"):
            if shutil.which(shell):
                script.write_text(self.lockstep("completion", shell).stdout, "utf-8")
                self.assertEqual(0, subprocess.run([shell, "-n", script], timeout=PATIENCE).returncode)
        if shutil.which("fish"):  # the last one that was written
            for line, expected in (("certs re", ["renew", "revoke"]), ("run --summary-mode f", ["full"]), ("run --iter", ["--iterations"]),
                                   ("completion ", ["bash", "fish", "zsh"]), ("help pa", ["pause"])):
                reply = subprocess.run(["fish", "--no-config", "-c", f"source {script}; complete -C 'lockstep {line}'"],
                                       capture_output=True, text=True, timeout=PATIENCE)
                self.assertEqual(expected, [each.split("\t")[0] for each in reply.stdout.splitlines()], reply.stderr)

    def test_the_agent_has_completions_too(self):
        def completion(shell):
            return subprocess.run([BIN / "lockstep-agent", "--completion", shell], capture_output=True, text=True, timeout=PATIENCE)

        script = self.folder / "agent.bash"
        script.write_text(completion("bash").stdout, "utf-8")
        if shutil.which("shellcheck"):
            checked = subprocess.run(["shellcheck", "--shell=bash", script], capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual((0, ""), (checked.returncode, checked.stdout))
        for words, expected in ((["--coord"], ["--coordinator", "--coordinator-name"]), (["--name", ""], []), (["--onc"], ["--once"])):
            line = " ".join(["lockstep-agent", *words])
            reply = subprocess.run(["bash", "-c", f"source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words)}; _lockstep_agent; "
                                    'printf "%s\\n" "${COMPREPLY[@]}"'], capture_output=True, text=True, timeout=PATIENCE)
            self.assertEqual(expected, reply.stdout.split(), reply.stderr)
        for shell in ("zsh", "fish"):
            if shutil.which(shell):
                script.write_text(completion(shell).stdout, "utf-8")
                self.assertEqual(0, subprocess.run([shell, "-n", script], timeout=PATIENCE).returncode)
        wrong = completion("powershell")
        self.assertEqual(255, wrong.returncode)
        self.assertIn('--completion: invalid value "powershell"; allowed: bash, zsh, fish', wrong.stderr)

    def test_the_version_is_told_as_k6_tells_it(self):
        for word in ("-v", "--version", "version"):
            self.assertRegex(self.lockstep(word).stdout, r"^lockstep v\d+\.\d+\.\d+ \(.+, linux/\w+\)\n")


class Output(LockstepTest):
    def full(self, *args):
        with open("/dev/full", "w", encoding="utf-8") as full:
            return subprocess.run([BIN / "lockstep", *args], stdout=full, stderr=subprocess.PIPE, text=True,
                                  timeout=PATIENCE, cwd=self.folder, env=self.env)

    def test_what_cannot_be_printed_is_told_and_no_success(self):
        script = self.script("export default function () {}")
        for args in (["run", script], ["run", "-q", script], ["inspect", script], ["version"], ["help", "run"]):
            result = self.full(*args)
            self.assertEqual(255, result.returncode, args)
            self.assertIn("standard output: cannot write to it: No space left on device", result.stderr)


class Paused(LockstepTest):
    def test_a_run_that_waits_says_how_to_go_on(self):
        run = self.start("run", "-q", "--paused", self.script("export default function () {}"))
        line = run.stderr.readline()
        while "this lets it go on: lockstep " not in line:
            self.assertNotEqual("", line, "it has ended")
            line = run.stderr.readline()
        command = re.search(r"this lets it go on: lockstep ([^\"]+)\"", line)[1]
        resumed = self.lockstep(*command.split())
        self.assertEqual(0, resumed.returncode, resumed.stderr)
        self.assertEqual(0, run.wait(PATIENCE))


class Mistakes(LockstepTest):
    def test_faults_of_scripts_show_the_line(self):
        (self.folder / "lib.js").write_text("export const a = 1;\nthrow new Error('boom');\n", "utf-8")
        for name, text, frame in (
                ("a.js", "export default function () { let = = 3; }", "1 | export default function () { let = = 3; }"),
                ("b.ts", "const a: number = 1;\nfunction b(: string) {}\nexport default () => {};", "2 | function b(: string) {}"),
                ("c.js", "import './lib.js';\nexport default () => {}", "2 | throw new Error('boom');"),
                ("d.js", "export default () => {};\nexport function setup() { nope(); }", "2 | export function setup() { nope(); }")):
            (self.folder / name).write_text(text, "utf-8")
            result = self.lockstep("run", "--log-format=raw", name)
            self.assertEqual(107, result.returncode, result.stderr)
            lines = result.stderr.splitlines()
            shown = next((i for i, line in enumerate(lines) if frame in line), None)
            self.assertIsNotNone(shown, result.stderr)
            self.assertRegex(lines[shown + 1], r"^ +\| +\^$")

    def test_what_an_error_claims_of_other_files_is_not_read(self):
        (self.folder / "secret.txt").write_text("hush\n", "utf-8")
        result = self.lockstep("run", self.script(f"throw 'file://{self.folder}/secret.txt:1:1'"))
        self.assertEqual(107, result.returncode)
        self.assertNotIn("hush", result.stderr)

    def test_outputs_are_told_with_all_else_that_is_wrong(self):
        result = self.lockstep("run", "-o", "jsn=x", "-o", "experimental-prometheus-rw=nonsense", "--vus", "many",
                               self.script("export const options = { rps: 'x' }; export default function () {}"))
        self.assertEqual(255, result.returncode)
        for mistake in ("--vus: invalid value", "rps: invalid value", "invalid output type 'jsn'", 'did you mean \\"json\\"?',
                        "expected http://host:port or https://host:port"):
            self.assertIn(mistake, result.stderr)

    def test_a_misspelt_option_is_a_warning_and_with_strict_an_error(self):
        script = self.script("export const options = { treshold: {} }; export default function () {}")
        meant = 'treshold (did you mean \\"thresholds\\"?)'
        result = self.lockstep("run", script)
        self.assertEqual(0, result.returncode)
        self.assertIn(f"level=warning msg=\"There were unknown fields in the options exported in the script: {meant}", result.stderr)
        result = self.lockstep("run", "--strict", script)
        self.assertEqual(104, result.returncode)
        self.assertIn(meant, result.stderr)

    def test_a_console_output_that_cannot_be_written_is_named_with_its_flag(self):
        for path in ("/no/such/folder/x", str(self.folder)):
            result = self.lockstep("run", "--console-output", path, self.script("export default function () {}"))
            self.assertEqual(255, result.returncode)
            self.assertIn("--console-output: cannot write the file", result.stderr)
            self.assertIn(path, result.stderr)
            self.assertNotIn("spdlog", result.stderr)

    def test_a_coordinator_that_is_not_there_is_told_with_what_was_tried(self):
        address = f"127.0.0.1:{free_port()}"
        result = self.lockstep("status", "--insecure", address)
        self.assertEqual(255, result.returncode)
        self.assertIn(f"cannot reach a coordinator at {address}: tried {address}: Connection refused; nobody listens there", result.stderr)
        result = self.lockstep("status", "--insecure", "no-such-host.invalid")
        self.assertIn("neither /etc/hosts nor the name server knows the host", result.stderr)

    def test_the_port_that_a_coordinator_found_free_is_told(self):
        waiting = self.start("coordinator", "--insecure", "--listen", "127.0.0.1:0", self.script("export default function () {}"))
        line = next(line for line in waiting.stderr if "waiting for 1 agent" in line)
        self.assertRegex(line, r"waiting for 1 agent on 127\.0\.0\.1:[1-9]\d+")
        waiting.kill()
        waiting.communicate(timeout=PATIENCE)

    def test_files_of_an_authority_are_named_with_their_flag(self):
        for args, text in ((["agent"], "msg=\"lockstep-ca/ca.crt: No such file or directory; `lockstep certs init` makes"),
                           (["init", "--folder", "/dev/null/x"], "--folder: /dev/null/x: Not a directory"),
                           (["init", "--folder="], '--folder: invalid value \\"\\": expected a folder')):
            result = self.lockstep("certs", *args)
            self.assertNotEqual(0, result.returncode)
            self.assertIn(text, result.stderr)
        self.assertEqual(0, self.lockstep("certs", "init").returncode)
        self.assertEqual(0, self.lockstep("certs", "agent", "a1").returncode)
        self.assertIn("this name has a certificate", self.lockstep("certs", "agent", "a1", "--out", "b").stderr)
        self.assertEqual(0, self.lockstep("certs", "revoke", "a1").returncode)
        renewed = self.lockstep("certs", "renew", "a1")
        self.assertEqual(255, renewed.returncode)
        self.assertIn("the certificate of a1 is revoked", renewed.stderr)


if __name__ == "__main__":
    unittest.main()
