"""What a case may say of its facts: paths, filters and operators. See README.md."""
import csv
import json
import re


class Missing:
    def __repr__(self):
        return "<missing>"


MISSING = Missing()
TOK = re.compile(r'\.?([A-Za-z_@$][\w@$-]*|\*)|\[(-?\d+)\]|\[("(?:[^"\\]|\\.)*")\]|\.(-?\d+)')


def resolve(doc, path):
    pos, cur = 0, doc
    path = path.strip()
    while pos < len(path):
        m = TOK.match(path, pos)
        if not m:
            raise ValueError(f"bad path {path!r} at {pos}")
        pos = m.end()
        if m.group(1) == "*":
            if isinstance(cur, dict):
                cur = list(cur.values())
            if not isinstance(cur, list):
                return MISSING
            rest = path[pos:]
            return [resolve(x, rest.lstrip(".")) if rest else x for x in cur]
        if m.group(1) is not None:
            k = m.group(1)
        elif m.group(3) is not None:
            k = json.loads(m.group(3))
        else:
            k = int(m.group(2) if m.group(2) is not None else m.group(4))
        try:
            cur = cur[k]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return cur


def canon(x):
    return json.dumps(x, sort_keys=True)


def apply_filter(v, f):
    name, _, arg = f.strip().partition(":")
    name = name.strip()
    if name == "len":
        return 0 if v is MISSING else len(v)
    if name == "or":
        return json.loads(arg) if v is MISSING else v
    if v is MISSING:
        return MISSING
    if name == "sum":
        return sum(v)
    if name == "min":
        return min(v)
    if name == "max":
        return max(v)
    if name == "sort":
        return sorted(v, key=lambda x: (str(type(x)), x) if not isinstance(x, (dict, list, bool, type(None))) else ("z", canon(x)))
    if name == "uniq":
        seen, out = set(), []
        for x in v:
            if canon(x) not in seen:
                seen.add(canon(x))
                out.append(x)
        return out
    if name == "diffs":
        return [b - a for a, b in zip(v, v[1:])]
    if name == "first":
        return v[0] if v else MISSING
    if name == "last":
        return v[-1] if v else MISSING
    if name == "keys":
        return sorted(v)
    if name == "values":
        return list(v.values())
    if name == "mapor":  # like map, but "none" where the field is absent
        return ["none" if resolve(x, arg) is MISSING else resolve(x, arg) for x in v]
    if name == "map":
        return [resolve(x, arg) for x in v]
    if name == "flat":
        return [y for x in v for y in x]
    if name == "group":  # counts by field (or by value)
        out = {}
        for x in v:
            k = resolve(x, arg) if arg else x
            k = k if isinstance(k, str) else canon(k) if k is not MISSING else "<missing>"
            out[k] = out.get(k, 0) + 1
        return out
    if name == "where":  # where:path=json
        p, _, want = arg.partition("=")
        want = json.loads(want)
        return [x for x in v if equal(resolve(x, p), want)]
    if name == "like":  # like:path=regex
        p, _, want = arg.partition("=")
        return [x for x in v if isinstance(resolve(x, p), str) and re.search(want, resolve(x, p))]
    if name == "round":
        n = int(arg or 0)
        return [round(x, n) for x in v] if isinstance(v, list) else round(v, n)
    if name == "div":
        return [x / float(arg) for x in v] if isinstance(v, list) else v / float(arg)
    if name == "num":
        return [float(x) for x in v] if isinstance(v, list) else float(v)
    if name == "lens":
        return [len(x) for x in v]
    if name == "json":
        return json.loads(v)
    if name == "ndjson":
        return [json.loads(l) for l in v.splitlines() if l.strip()]
    if name == "lines":
        return v.splitlines()
    if name == "csv":
        return list(csv.DictReader(v.splitlines()))
    if name == "find":  # first capture group (or whole match) of a regex, all matches
        return [list(m) if isinstance(m, tuple) else m for m in re.findall(arg, v, re.M)]
    if name == "rel":  # relative to the first element
        return [x - v[0] for x in v]
    if name == "range":
        return max(v) - min(v) if v else 0
    raise ValueError(f"unknown filter {name}")


def evaluate(doc, expr):
    # filters are separated by " | "; regexes may hold a bare "|" because the spaces are required
    head, *fs = expr.split(" | ")
    v = resolve(doc, head)
    for f in fs:
        v = apply_filter(v, f)
    return v


def equal(a, b):
    if a is MISSING or b is MISSING:
        return a is b
    if isinstance(a, bool) or isinstance(b, bool):
        return isinstance(a, bool) and isinstance(b, bool) and a == b
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b or abs(a - b) <= 1e-9 * max(abs(a), abs(b))
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(equal(x, y) for x, y in zip(a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(equal(a[k], b[k]) for k in a)
    return type(a) is type(b) and a == b


def contains(a, b):
    """b is a subset of a: dict by keys, list by membership, str by substring."""
    if isinstance(b, dict) and isinstance(a, dict):
        return all(k in a and (contains(a[k], b[k]) if isinstance(b[k], dict) else equal(a[k], b[k])) for k in b)
    if isinstance(a, str):
        return isinstance(b, str) and b in a
    if isinstance(a, list):
        return any(equal(x, b) or (isinstance(b, dict) and isinstance(x, dict) and contains(x, b)) for x in a)
    if isinstance(a, dict):
        return b in a
    return False


def check(actual, op, want):
    num = lambda x: isinstance(x, (int, float)) and not isinstance(x, bool)
    if op == "exists":
        return (actual is not MISSING) == want
    if op == "==":
        return equal(actual, want)
    if op == "!=":
        return actual is not MISSING and not equal(actual, want)
    if op == "lacks":
        return actual is not MISSING and not contains(actual, want)
    if op == "!~":
        return isinstance(actual, str) and not re.search(want, actual, re.M)
    if actual is MISSING:
        return False
    if op in ("<", "<=", ">", ">="):
        return num(actual) and num(want) and {"<": actual < want, "<=": actual <= want, ">": actual > want, ">=": actual >= want}[op]
    if op == "between":
        if isinstance(actual, list):
            return len(actual) > 0 and all(num(x) and want[0] <= x <= want[1] for x in actual)
        return num(actual) and want[0] <= actual <= want[1]
    if op == "approx":  # [value(s), absolute tolerance]
        v, tol = want
        if isinstance(v, list):
            return isinstance(actual, list) and len(v) == len(actual) and all(num(x) and abs(x - y) <= tol for x, y in zip(actual, v))
        return num(actual) and abs(actual - v) <= tol
    if op == "~":
        return isinstance(actual, str) and re.search(want, actual, re.M) is not None
    if op == "all~":
        return isinstance(actual, list) and len(actual) > 0 and all(isinstance(x, str) and re.search(want, x) for x in actual)
    if op == "has":
        return contains(actual, want)
    if op == "in":
        return any(equal(actual, x) for x in want)
    if op == "type":
        n = {"string": str, "boolean": bool, "array": list, "object": dict}.get(want)
        return num(actual) if want == "number" else actual is None if want == "null" else isinstance(actual, n)
    raise ValueError(f"unknown operator {op}")
