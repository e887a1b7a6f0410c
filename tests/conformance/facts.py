"""What is known of a run: what it wrote to its log, what its script printed, which files it left."""
import gzip
import json
import re
from pathlib import Path

MOST_BYTES = 8_000_000  # of an output or a file
LOGFMT = re.compile(r'^time=(?:"[^"]*"|\S+) level=(\w+) msg=("(?:[^"\\]|\\.)*"|\S*)(.*)$')
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def read_output(path):
    return ANSI.sub("", path.read_bytes()[:MOST_BYTES].decode("utf-8", "replace"))


def facts_of_run(out, err):
    """What follows from the two outputs of a run."""
    log = parse_log(err)
    v = collect_values(log, {})
    collect_values(parse_log(out), v)
    return {"stdout": out, "stderr": err, "out": out + "\n" + err, "log": log,
            "msgs": "\n".join(e["msg"] for e in log), "v": v}


def unquote(s):
    if not s.startswith('"'):
        return s
    try:
        return json.loads(s)
    except ValueError:
        return re.sub(r'\\(x[0-9a-fA-F]{2}|.)', lambda m: {"n": "\n", "t": "\t", "r": "\r"}.get(m[1], chr(int(m[1][1:], 16)) if m[1][0] == "x" and len(m[1]) == 3 else m[1]), s[1:-1])


def parse_log(text):
    out = []
    for line in text.splitlines():
        m = LOGFMT.match(line)
        if m:
            out.append({"level": m[1], "msg": unquote(m[2]), "rest": m[3].strip()})
            continue
        if line.startswith("{"):
            try:
                o = json.loads(line)
                if isinstance(o, dict) and "msg" in o:
                    out.append({"level": o.get("level"), "msg": o["msg"], "rest": ""})
                    continue
            except ValueError:
                pass
        out.append({"level": None, "msg": line, "rest": ""})
    return out


def collect_values(log, v):
    for e in log:
        m = re.match(r"@([A-Za-z_]\w*) (.*)$", e["msg"], re.S)
        if m:
            try:
                v.setdefault(m[1], []).append(json.loads(m[2]))
            except ValueError:
                v.setdefault(m[1], []).append(m[2])
    return v


class Lazy(dict):
    """files["x"]: JSON if it parses, else text; missing if there is no such file."""

    def __init__(self, root, raw):
        super().__init__()
        self.root, self.raw = Path(root), raw

    def __missing__(self, name):
        p = self.root / name
        if not p.is_file():
            raise KeyError(name)
        data = p.read_bytes()[:MOST_BYTES]
        if name.endswith(".gz"):
            data = gzip.decompress(data)
        t = data.decode("utf-8", "replace")
        if not self.raw:
            try:
                t = json.loads(t)
            except ValueError:
                pass
        self[name] = t
        return t


def facts_of_case(runs, tmp):
    """What assertions see, but for what the server counted: the facts of the first run, and those of all."""
    doc = dict(runs[0] or {})
    doc["runs"] = runs
    allv = {}
    for f in runs:
        for k, lst in (f or {}).get("v", {}).items():
            allv.setdefault(k, []).extend(lst)
    doc["all"] = {"v": allv}
    doc["files"], doc["text"] = Lazy(tmp, False), Lazy(tmp, True)
    return doc
