"""Runs a case: each of its processes in the case's folder, what is to happen to it meanwhile, and the verdict."""
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from case_files import free_port, read_case, runs_of, write_files
from facts import facts_of_case, facts_of_run, read_output
from judging import judge
from printing import print_outputs

MAX_TIMEOUT = 120
OUR_OWN = ("TMP", "FREE")  # of what is replaced in a case, the names that scripts do not get


class Runner:
    def __init__(self, opts, target):
        self.o, self.t = opts, target

    def case(self, name):
        """The result of a case: its name, ok (None: skipped), why not, and how long it took."""
        spec = read_case(name)
        for need in spec.get("needs", []):
            if not self.t.ports.get(need):
                return {"name": name, "ok": None, "why": [f"target has no {need}"], "wall": 0}
        tmp = Path(tempfile.mkdtemp(prefix="conform-"))
        try:
            return self.case_in(name, spec, tmp)
        finally:
            if not self.o.keep:
                shutil.rmtree(tmp, ignore_errors=True)
            else:
                print(f"# {name}: {tmp}", file=sys.stderr)

    def case_in(self, name, spec, tmp):
        key = re.sub(r"\W+", "-", name) + "-" + os.urandom(4).hex()
        subst = dict(self.t.subst, KEY=key, TMP=str(tmp), FREE=str(free_port()))
        runs = runs_of(spec, write_files(name, spec, tmp, subst), subst)
        timeout = min(MAX_TIMEOUT, spec.get("timeout", 30) * self.o.timeout_factor)
        t0 = time.monotonic()
        facts = self.run_all(runs, spec.get("parallel"), tmp, subst, t0 + timeout)
        doc = facts_of_case(facts, tmp)
        time.sleep(0.05)
        doc["server"] = self.t.query(key)
        doc["wall"] = time.monotonic() - t0
        doc["ports"] = self.t.ports
        why = judge(spec, runs, facts, doc, subst, timeout)
        if self.o.verbose and why:
            print_outputs(name, facts, doc["server"])
        return {"name": name, "ok": not why, "why": why, "wall": round(time.monotonic() - t0, 2)}

    def run_all(self, runs, parallel, tmp, subst, deadline):
        """The facts of each; None for one that did not end."""
        facts = [None] * len(runs)

        def run(i):
            facts[i] = self.one(runs[i], tmp, subst, i, deadline)

        if parallel and len(runs) > 1:
            ths = [threading.Thread(target=run, args=(i,), daemon=True) for i in range(len(runs))]
            for th in ths:
                th.start()
            for th in ths:
                th.join(max(0, deadline - time.monotonic()) + 15)
        else:
            for i in range(len(runs)):
                run(i)
        return facts

    def command(self, run, subst):
        cmd = run.get("command", "run")
        pre = shlex.split(self.o.prefix)
        if cmd != "run":
            pre = pre[:-1] + cmd.split() if pre else cmd.split()
        argv = [self.o.bin] + pre + run.get("args", [])
        if run.get("pass_env", cmd in ("run", "inspect", "archive")):
            for k, v in sorted(subst.items()):
                if k not in OUR_OWN:
                    argv += ["-e", f"T_{k}={v}"] if k != "KEY" else ["-e", f"KEY={v}"]
        if not run.get("no_script"):
            argv.append("-" if run.get("stdin") else run["script"])
        return argv

    def one(self, run, tmp, subst, idx, deadline):
        """Run one process; returns its facts."""
        env = {"PATH": os.environ.get("PATH", ""), "HOME": str(tmp), "XDG_CONFIG_HOME": str(tmp / ".config"), "LANG": "C.UTF-8",
               "K6_NO_USAGE_REPORT": "true", "TMPDIR": str(tmp)}
        env.update(run.get("env", {}))
        argv = self.command(run, subst)
        so, se = tmp / f".stdout.{idx}", tmp / f".stderr.{idx}"
        t0 = time.monotonic()
        with open(so, "wb") as fo, open(se, "wb") as fe:
            stdin = open(tmp / run["script"], "rb") if run.get("stdin") else subprocess.DEVNULL
            p = subprocess.Popen(argv, cwd=tmp, env=env, stdout=fo, stderr=fe, stdin=stdin, start_new_session=True)
            timed_out, responses = self.accompany(p, run, t0, subst["KEY"], deadline)
            if timed_out:
                try:
                    os.killpg(p.pid, signal.SIGKILL)  # its own session, started above
                except ProcessLookupError:
                    pass
            try:
                code = p.wait(10)
            except subprocess.TimeoutExpired:
                code = None
            if stdin is not subprocess.DEVNULL:
                stdin.close()
        wall = time.monotonic() - t0
        return {"exit": code, **facts_of_run(read_output(so), read_output(se)), "wall": wall, "timed_out": timed_out,
                "rest": responses, "argv": argv}

    def accompany(self, p, run, t0, key, deadline):
        """Does what is to happen until the process ends; returns whether its time was up before, and the answers."""
        acts = [dict(a) for a in run.get("during", [])]
        responses = {}
        while p.poll() is None:
            if time.monotonic() > deadline:
                return True, responses
            if acts and self.due(acts[0], t0, key):
                a = acts.pop(0)
                if "signal" in a:
                    p.send_signal(getattr(signal, "SIG" + a["signal"]))
                if "http" in a:
                    responses[a.get("as", "r")] = ask(a["http"])
            time.sleep(0.02)
        return False, responses

    def due(self, a, t0, key):
        if "after_ms" in a and (time.monotonic() - t0) * 1000 < a["after_ms"]:
            return False
        if "hits" in a:
            if self.t.query(key)["count"] < a["hits"]:
                time.sleep(0.05)
                return False
            if "then_ms" in a:
                a.setdefault("_at", time.monotonic() + a["then_ms"] / 1000)
                return time.monotonic() >= a["_at"]
        return True


def ask(h):
    """An action's request; the answer, with status 0 if there was none."""
    req = urllib.request.Request(h["url"], method=h.get("method", "GET"),
                                 data=json.dumps(h["json"]).encode() if "json" in h else None, headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(req, timeout=5) as r:
            body, status = r.read().decode("utf-8", "replace"), r.status
    except urllib.error.HTTPError as e:
        body, status = e.read().decode("utf-8", "replace"), e.code
    except OSError as e:
        return {"status": 0, "body": str(e)}
    try:
        body = json.loads(body)
    except ValueError:
        pass
    return {"status": status, "body": body}
