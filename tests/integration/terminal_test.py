"""What a person at a terminal sees of a run: the tests read a real pseudo-terminal."""
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
import threading
import unittest

from tests.integration.support import BIN, PATIENCE, LockstepTest

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
                resize(terminal, 60)
            if done == ["resized"] and re.search(r"s +\[   0% \]", text):
                done.append("stopped")
                os.write(terminal, b"\x03")

        _, code = self.run_at_terminal("run", self.script(ENDLESS), on_output=follow, NO_COLOR="1")
        self.assertEqual(105, code)
        self.assertEqual(["resized", "stopped"], done)

    def test_elsewhere_it_is_plain(self):
        for args, env in ((["--quiet"], {}), ([], {"TERM": "dumb"})):
            written, code = self.run_at_terminal("run", "--no-color", *args, self.script(SCRIPT), **env)
            self.assertEqual(0, code)
            self.assertNotIn("\x1b", written)
            self.assertEqual(not args, "running (" in written)


if __name__ == "__main__":
    unittest.main()
