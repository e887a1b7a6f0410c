"""Whether a case holds: the exit codes of its runs, and its assertions."""
import json

from case_files import sub
from expressions import check, evaluate


def judge(spec, runs, facts, doc, subst, timeout):
    """Why the case fails, a sentence each. `facts` are those of its runs, `doc` those of the whole."""
    return judge_exits(spec, runs, facts, timeout) + judge_assertions(spec, doc, subst)


def judge_exits(spec, runs, facts, timeout):
    why = []
    for i, f in enumerate(facts):
        tag = f"run {i}: " if len(facts) > 1 else ""
        if f is None or f["timed_out"]:
            why.append(f"{tag}did not end within {timeout:g} s (killed)")
            continue
        want = runs[i].get("exit", spec.get("exit", 0))
        want = want if isinstance(want, list) else [want]
        if f["exit"] not in want:
            tail = " / ".join(l for l in f["stderr"].strip().splitlines()[-2:])[:300]
            why.append(f"{tag}exit code {f['exit']}, want {want if len(want) > 1 else want[0]}; stderr ends: {tail}")
    return why


def judge_assertions(spec, doc, subst):
    why = []
    for a in sub(spec.get("assert", []), subst):
        expr, op, want = a
        try:
            actual = evaluate(doc, expr)
            if isinstance(want, dict) and set(want) == {"ref"}:
                want = evaluate(doc, want["ref"])
            ok = check(actual, op, want)
        except Exception as e:  # a wrong shape is a failure, not a crash
            actual, ok = f"{type(e).__name__}: {e}", False
        if not ok:
            s = repr(actual)
            why.append(f"{expr} {op} {short(want)} but is {short(s)}")
    return why


def short(x):
    s = x if isinstance(x, str) else json.dumps(x, ensure_ascii=False, default=repr)
    return s if len(s) <= 260 else s[:255] + "…"
