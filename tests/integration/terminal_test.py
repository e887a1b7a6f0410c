"""What a person at a terminal sees of a run: the tests read a real pseudo-terminal."""
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading
import unittest
from pathlib import Path

from tests.integration.support import BIN, PATIENCE, LockstepTest, wait_until

SCRIPT = """
import { sleep } from 'k6';
export const options = { scenarios: {
  first: { executor: 'shared-iterations', vus: 2, iterations: 7 },
  second_one: { executor: 'per-vu-iterations', vus: 3, iterations: 1, startTime: '300ms' } } };
export default function () { console.log('logged ' + __ITER); sleep(0.15); }
"""
ENDLESS = """
import { sleep } from 'k6';
export const options = { scenarios: { s: { executor: 'constant-vus', vus: 1, duration: '1h' } } };
export default function () { console.log('running'); sleep(0.1); }
"""
SLOW = """
import { sleep } from 'k6';
export const options = { scenarios: { s: { executor: 'constant-vus', vus: 1, duration: '1h' } } };
// teardown
export default function () { sleep(60); }
"""
CONTROLLED = """
import { sleep } from 'k6';
export const options = { scenarios: { s: { executor: 'externally-controlled', vus: 1, maxVUs: 1, duration: '1h' } } };
export default function () { sleep(0.1); }
"""


def resize(terminal, columns, rows=30):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


class Screen:
    """What a terminal shows after some bytes; lines that leave the screen are kept."""

    def __init__(self, columns, rows):
        self.columns, self.rows, self.lines, self.line, self.column = columns, rows, [""], 0, 0

    def write(self, text):
        for escape, number, letter, char in re.findall(r"(\x1b\[(\d*)(\w))|([^\x1b])", text):
            if escape:
                self.obey(int(number or 0), letter)
            else:
                self.put(char)

    def put(self, char):
        if char == "\r":
            self.column = 0
        elif char == "\n":
            self.line += 1
            if self.line == len(self.lines):
                self.lines.append("")
        else:
            if self.column == self.columns:
                self.put("\r")
                self.put("\n")
            line = self.lines[self.line].ljust(self.column)
            self.lines[self.line] = line[:self.column] + char + line[self.column + 1:]
            self.column += 1

    def obey(self, number, letter):
        if letter == "A":
            self.line = max(self.line - number, len(self.lines) - self.rows, 0)
        elif letter == "K":
            self.lines[self.line] = ""
        elif letter == "J":
            self.lines[self.line:] = [self.lines[self.line][:self.column]]


class Terminal(LockstepTest):
    def run_at_terminal(self, *args, columns=100, rows=30, on_output=lambda text, terminal: None, **env):
        """The bytes that a run wrote to its terminal, and its exit code."""
        ours, theirs = pty.openpty()
        resize(theirs, columns, rows)
        environment = {**self.env, "TERM": "xterm", "NO_COLOR": "", **env}
        process = subprocess.Popen([BIN / "lockstep", *args], stdin=theirs, stdout=theirs, stderr=theirs,
                                   cwd=self.folder, env=environment, start_new_session=True,
                                   preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
        self.process = process
        self.addCleanup(process.kill)
        os.close(theirs)
        watchdog = threading.Timer(PATIENCE, process.kill)
        watchdog.start()
        self.addCleanup(watchdog.cancel)
        written = b""
        while True:
            try:
                read = os.read(ours, 65536)
            except OSError:  # the other side is closed
                read = b""
            if not read:
                break
            written += read
            on_output(written.decode("utf-8", "replace"), ours)
        os.close(ours)
        return written.decode("utf-8"), process.wait()

    def shown(self, written, columns=100, rows=30):
        screen = Screen(columns, rows)
        screen.write(written)
        return [line.rstrip() for line in screen.lines]

    def test_the_last_drawing_is_the_final_state_and_no_line_of_the_log_is_lost(self):
        written, code = self.run_at_terminal("run", "--no-color", self.script(SCRIPT))
        self.assertEqual(0, code)
        self.assertRegex(written, r"\x1b\[3A", "it is drawn in place")
        self.assertNotRegex(written, r"\x1b\[\d*m")
        lines = self.shown(written)
        self.assertEqual(10, sum(bool(re.fullmatch(r"INFO\[0\d+\] logged \d +source=console", line))
                                 for line in lines), lines)
        drawn = [index for index, line in enumerate(lines) if line.startswith("running (")]
        self.assertEqual(1, len(drawn), lines)
        head, first, second = lines[drawn[0]:drawn[0] + 3]
        self.assertRegex(head, r"s/10m0\.3s\), 0/\d VUs, 10 complete and 0 interrupted iterations$")
        self.assertRegex(first, r"^first      ✓ \[={38}\] 0/2 VUs  .* 7/7 iters$")
        self.assertRegex(second, r"^second_one ✓ \[={38}\] 0/3 VUs  .* 3/3 iters$")

    def test_a_narrow_terminal_has_no_line_that_wraps(self):
        written, code = self.run_at_terminal("run", self.script(SCRIPT), columns=44)
        self.assertEqual(0, code)
        self.assertIn("\x1b[32m✓\x1b[0m", written)
        frames = re.findall(r"(?:\x1b\[2K[^\n]*\r\n)+", written)
        for line in "".join(frames).split("\r\n"):
            self.assertLessEqual(len(re.sub(r"\x1b\[\d*\w", "", line)), 44)

    def test_ctrl_c_ends_the_run_and_leaves_its_last_state(self):
        pressed = []

        def press(text, terminal):
            if not pressed and "INFO[" in text:
                pressed.append(True)
                os.write(terminal, b"\x03")

        written, code = self.run_at_terminal("run", self.script(ENDLESS), on_output=press, NO_COLOR="1")
        self.assertEqual(105, code)
        drawn = [line for line in self.shown(written) if line.startswith(("running (", "s "))]
        self.assertEqual(2, len(drawn), drawn)
        self.assertRegex(drawn[1], r"^s [✓✗] \[")
        self.assertNotIn("\x1b[?25l", written, "the cursor is never hidden")

    def test_the_drawing_follows_the_terminals_width(self):
        done = []

        def follow(text, terminal):
            if not done and re.search(r"s +\[-{38}\]", text):
                done.append("resized")
                resize(terminal, 50)
            if done == ["resized"] and re.search(r"s +(\[   0% \]|  0% )", text):
                done.append("stopped")
                os.write(terminal, b"\x03")

        _, code = self.run_at_terminal("run", self.script(ENDLESS), on_output=follow, NO_COLOR="1")
        self.assertEqual(105, code)
        self.assertEqual(["resized", "stopped"], done)

    def press_in_turn(self, script, steps, **options):
        """Presses each step's key once its pattern is on the screen. What the screen shows at last, and the exit code."""
        waiting = list(steps)
        seen = [0]

        def press(text, terminal):
            if waiting and re.search(waiting[0][0], text[seen[0]:]):
                seen[0] = len(text)
                key = waiting.pop(0)[1]
                if callable(key):
                    key(terminal)
                else:
                    os.write(terminal, key)

        written, code = self.run_at_terminal("run", "--no-color", self.script(script), on_output=press, columns=140,
                                             **options)
        self.assertEqual([], waiting, written[-2000:])
        return self.shown(written, columns=140), code

    def test_ctrl_c_says_what_happens_and_what_another_one_does(self):
        shown, code = self.press_in_turn(SLOW, [
            (r"running \(0m0[1-9]", b"\x03"),
            (r"Stopping: up to 30s for 1 iteration\. Ctrl\+C again interrupts it, a third time quits at once\.", b"\x03"),
        ])
        self.assertEqual(105, code)
        self.assertIn("INTERRUPTED", "\n".join(shown))
        row = [line for line in shown if line.startswith("s ")]
        self.assertEqual(1, len(row), shown)
        self.assertRegex(row[0], r"^s ✗ \[")
        self.assertFalse([line for line in shown if line.startswith("Stopping")], "it is over")

    def test_the_third_ctrl_c_leaves_the_state_and_says_what_was_given_up(self):
        shown, code = self.press_in_turn(SLOW.replace("// teardown", "export function teardown() { sleep(60); }"), [
            (r"running \(0m0[1-9]", b"\x03"),
            (r"Stopping: up to", b"\x03"),
            (r"Stopping once teardown\(\) has ended, within \ds\. Ctrl\+C again quits at once, without a summary\.", b"\x03"),
        ])
        self.assertEqual(105, code)
        self.assertRegex("\n".join(shown), r"(?m)^s ✗ \[")
        self.assertIn("ended at once by the third signal", "\n".join(shown))

    def test_ctrl_c_in_setup_interrupts_it_and_teardown_runs(self):
        shown, code = self.press_in_turn(
            SLOW.replace("// teardown", "export function setup() { sleep(60); }\n"
                         "export function teardown() { console.log('torn down'); }"),
            [(r"setup\(\): 0m0[1-9]", b"\x03")])
        self.assertEqual(105, code)
        text = "\n".join(shown)
        self.assertIn("torn down", text)
        self.assertRegex(text, r"(?m)^running \(0m00\.0s")
        self.assertRegex(text, r"(?m)^s ✗ \[")

    def test_ctrl_z_is_refused_where_a_scenario_cannot_pause(self):
        shown, code = self.press_in_turn(ENDLESS, [
            (r"running \(0m0[1-9]", b"\x1a"),
            (r"Ctrl\+Z cannot hold this test, and it goes on: constant-vus executor 's' doesn't support", b"\x03"),
        ])
        self.assertEqual(105, code)

    def test_ctrl_z_holds_a_test_that_can_pause_and_it_goes_on(self):
        def wait_and_continue(_):
            status = Path(f"/proc/{self.process.pid}/stat")
            wait_until(lambda: status.read_text("utf-8").rsplit(")", 1)[1].split()[0] == "T", "it stands still")
            os.kill(self.process.pid, signal.SIGCONT)

        def hold(terminal):
            os.write(terminal, b"\x1a")
            wait_and_continue(terminal)

        shown, code = self.press_in_turn(CONTROLLED, [
            (r"running \(0m0[1-9].*[1-9] complete", hold),
            (r"running \(0m[0-9]", b"\x03"),
        ])
        self.assertEqual(105, code)
        text = "\n".join(shown)
        self.assertRegex(text, r"(?m)^paused \(", "what it was when the terminal went to somebody else")
        self.assertNotIn("was lost", text)
        self.assertNotIn("did not run for", text, "holding it is no fault of the load generator")

    def test_elsewhere_it_is_plain(self):
        for args, env in ((["--quiet"], {}), ([], {"TERM": "dumb"})):
            written, code = self.run_at_terminal("run", "--no-color", *args, self.script(SCRIPT), **env)
            self.assertEqual(0, code)
            self.assertNotIn("\x1b", written)
            self.assertEqual(not args, "running (" in written)


if __name__ == "__main__":
    unittest.main()
