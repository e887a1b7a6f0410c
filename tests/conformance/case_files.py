"""The cases: which there are, what they say, and the files that the runs of one find in their folder."""
import base64
import json
import os
import re
import shutil
import socket
import sys
from pathlib import Path

CASES = Path(__file__).resolve().parent / "cases"
# What the runs of a case may say otherwise.
OF_A_RUN = ("command", "args", "env", "stdin", "during", "pass_env", "no_script", "script")


def all_cases():
    return sorted(str(p.relative_to(CASES))[:-5].replace(os.sep, "/") for p in CASES.rglob("*.json"))


def chosen_cases(o):
    """The names that the command line asks for; ends the program if a list names others."""
    names = all_cases()
    if o.list:
        want = {l.strip() for l in Path(o.list).read_text().splitlines() if l.strip() and not l.startswith("#")}
        unknown = want - set(names)
        if unknown:
            sys.exit(f"conform: unknown cases in {o.list}: {', '.join(sorted(unknown))}")
        names = [n for n in names if n in want]
    if o.group:
        names = [n for n in names if n.split("/")[0] in o.group]
    if o.case:
        names = [n for n in names if any(n == c or c in n for c in o.case)]
    if o.oracle:
        names = [n for n in names if not read_case(n).get("differs_from_k6")]
    return names


def read_case(name):
    return json.loads((CASES / f"{name}.json").read_text("utf-8"))


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def sub(x, env):
    """`x` with the values of `env` in place of ${NAME}."""
    if isinstance(x, str):
        return re.sub(r"\$\{([A-Z0-9_]+)\}", lambda m: env.get(m[1], m[0]), x)
    if isinstance(x, list):
        return [sub(y, env) for y in x]
    if isinstance(x, dict):
        return {sub(k, env): sub(v, env) for k, v in x.items()}
    return x


def write_files(name, spec, tmp, subst):
    """Fills the folder of a case; returns how its script is called there."""
    src = CASES / f"{name}.js"
    script = "script.js"
    if not src.is_file():
        src = CASES / f"{name}.ts"
        script = "script.ts"
    if src.is_file():
        shutil.copyfile(src, tmp / script)
    for fn, content in spec.get("files", {}).items():
        f = tmp / fn
        f.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict) and "base64" in content:
            f.write_bytes(base64.b64decode(content["base64"]))
        else:
            f.write_text(sub(content if isinstance(content, str) else json.dumps(content), subst), "utf-8")
    return script


def runs_of(spec, script, subst):
    """The runs of a case, each with all that it takes from the case."""
    base = {k: spec[k] for k in OF_A_RUN if k in spec}
    runs = []
    for r in spec.get("runs", [{}]):
        m = dict(base, **r)
        if "args" in r or "args" in base:
            m["args"] = base.get("args", []) + r.get("args", []) if not r.get("replace_args") else r.get("args", [])
        m["env"] = {**base.get("env", {}), **r.get("env", {})}
        m["script"] = m.get("script") or script
        runs.append(sub(m, subst))
    return runs
