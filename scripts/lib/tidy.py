"""tidy.py [FILE...]: clang-tidy over the units of build/tidy that hold the files, or over all; exit code 1 for findings.

A unit includes up to a dozen sources of one folder, and tidying it costs little more than tidying one of them alone. A
header is read with the units of its folder, or with its tests' where it has no source beside it.
"""
import concurrent.futures
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "tidy"
FINDING = re.compile(r"^(/\S+?:\d+:\d+): (?:error|warning): .*")
NOLINT = re.compile(r"//\s*NOLINT(?:NEXTLINE|BEGIN)?\b(.*)")
REASONED = re.compile(r"\([\w.,* -]+\):? +\S{2,}")


def units():
    """Each unit of ours, with the sources that it compiles."""
    found = {}
    for entry in json.loads((BUILD / "compile_commands.json").read_text("utf-8")):
        unit = Path(entry["file"])
        if unit.suffix == ".cxx" and "Unity" in unit.parts:
            sources = [Path(s) for s in re.findall(r'#include "(.*)"', unit.read_text("utf-8"))]
        else:
            sources = [unit]
        sources = [s for s in sources if BUILD not in s.parents]
        if sources:
            found[unit] = sources
    return found


def units_of(path, all_units):
    """The units to read for the source or header `path`."""
    holding = [u for u, sources in all_units.items() if path in sources]
    if holding or path.suffix != ".h":
        return holding
    mirrored = ROOT / "tests" / path.parent.relative_to(ROOT)
    for folder in (path.parent, mirrored, path.parent.parent):
        beside = [u for u, sources in all_units.items() if any(s.parent == folder for s in sources)]
        if beside:
            same_name = [u for u in beside if any(s.stem == path.stem for s in all_units[u])]
            return same_name or beside
    return []


def tidy(unit):
    command = ["clang-tidy", "-p", str(BUILD), "--quiet", str(unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return unit, done


def findings(text):
    """The findings in clang-tidy's output, each with its notes, by place."""
    found, place = {}, None
    for line in text.splitlines():
        match = FINDING.match(line)
        if match:
            place = line
            found[place] = []
        if place:
            found[place].append(line)
    return found


def without_reason():
    files = subprocess.run(["git", "grep", "-lE", "//.*NOLINT", "--", "*.h", "*.cc"], cwd=ROOT, capture_output=True, text=True,
                           check=False).stdout.split()
    for name in files:
        for number, line in enumerate((ROOT / name).read_text("utf-8").splitlines(), 1):
            match = NOLINT.search(line)
            if match and not REASONED.match(match[1]):
                yield f"{name}:{number}: NOLINT must name its check and give a reason: NOLINT(check): why"


def main():
    all_units = units()
    wanted = list(all_units)
    if len(sys.argv) > 1:
        paths = [Path(name).resolve() for name in sys.argv[1:]]
        wanted = sorted({u for path in paths for u in units_of(path, all_units)})
    start, seen, failed = time.monotonic(), set(), False
    for problem in without_reason():
        print(problem)
        failed = True
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(tidy, unit) for unit in wanted]
        for done, job in enumerate(concurrent.futures.as_completed(jobs), 1):
            unit, result = job.result()
            for place, lines in findings(result.stdout).items():
                if place not in seen:
                    seen.add(place)
                    print("\n".join(lines).replace(f"{ROOT}/", ""), flush=True)
            if result.returncode != 0:
                failed = True
                if not findings(result.stdout):
                    print(f"clang-tidy failed on {unit}:\n{result.stderr}", flush=True)
            print(f"tidy: [{done}/{len(wanted)}] {time.monotonic() - start:.0f} s", file=sys.stderr)
    print(f"tidy: {len(seen)} findings in {len(wanted)} units")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
