"""What a person is shown of cases and their results, and the results as JSON."""
import json
import shlex
import sys
from pathlib import Path


def print_result(res):
    """A line, unless the case passed."""
    if res["ok"] is False:
        print(f"FAIL {res['name']}: {'; '.join(res['why'])}", flush=True)
    elif res["ok"] is None:
        print(f"SKIP {res['name']}: {'; '.join(res['why'])}", flush=True)


def print_outputs(name, facts, server):
    """Of a case that failed: what its runs wrote, and what the server counted."""
    for i, f in enumerate(facts):
        if f:
            print(f"--- {name} run {i} argv: {' '.join(map(shlex.quote, f['argv']))}\n--- stdout\n{f['stdout'][-3000:]}\n"
                  f"--- stderr\n{f['stderr'][-3000:]}\n--- v {json.dumps(f['v'])[:3000]}", file=sys.stderr)
    seen = {"count": server["count"], "max": server["maxInFlight"], "hits": server["hits"][:3]}
    print("--- server", json.dumps(seen)[:1500], file=sys.stderr)


def print_slowest(results):
    for x in sorted(results, key=lambda x: -x["wall"])[:25]:
        print(f"# {x['wall']:6.2f} s  {x['name']}")


def print_totals(results, json_file):
    """Returns how many failed. `json_file`: where the results go as JSON, or None."""
    passed = sum(x["ok"] is True for x in results)
    failed = sum(x["ok"] is False for x in results)
    skipped = sum(x["ok"] is None for x in results)
    if json_file:
        whole = {"passed": passed, "failed": failed, "skipped": skipped, "results": sorted(results, key=lambda x: x["name"])}
        Path(json_file).write_text(json.dumps(whole, indent=1), "utf-8")
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    return failed
