"""What a coordinator costs: CPU and memory with 1, 10, 50 and 200 simulated agents that send 1000 series each second.

The agents are real sessions over TCP (tests/bench/fleet_swarm.cc); only their load is made up. The coordinator is the
real program, pinned to one core; the swarm has the other. CPU is the coordinator's user and system time over the run's
seconds, from the kernel's accounting; memory its largest resident set.
"""
import argparse
import os
import re
import socket
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TICK = os.sysconf("SC_CLK_TCK")
SCRIPT = "export default function () {}\n"


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def cpu_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def peak_megabytes(pid):
    return int(re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())[1]) / 1024


def status(lockstep, address):
    result = subprocess.run([lockstep, "status", "--insecure", address], capture_output=True, text=True, timeout=60)
    return result.stdout


def measure(args, agents):
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.js"
        script.write_text(SCRIPT)
        address = f"127.0.0.1:{free_port()}"
        with open(Path(folder) / "log", "w+") as log:
            coordinator = subprocess.Popen(
                ["taskset", "-c", "0", args.lockstep, "coordinator", "-q", "--insecure", "--listen", address, "--agents",
                 str(agents), *(["--journal", Path(folder) / "runs.db"] if args.journal else []), script], stdout=log, stderr=log)
            swarm = subprocess.Popen(["taskset", "-c", "1", args.swarm, address, str(agents), str(args.series),
                                      str(args.seconds)], stdout=subprocess.PIPE, text=True)
            while "Running" not in status(args.lockstep, address):
                if coordinator.poll() is not None:
                    log.seek(0)
                    raise SystemExit(log.read())
                time.sleep(0.1)
            begin, began = cpu_seconds(coordinator.pid), time.monotonic()
            while time.monotonic() - began < args.seconds - 2:
                time.sleep(0.1)
            spent, lasted = cpu_seconds(coordinator.pid) - begin, time.monotonic() - began
            peak = peak_megabytes(coordinator.pid)
            text, _ = swarm.communicate(timeout=600)
            code = coordinator.wait(timeout=600)
            log.seek(0)
            summary = log.read()
        found = re.search(r"batches (\d+) bytes (\d+)", text)
        batches, size = int(found[1]), int(found[2])
        requests = int(re.search(r"http_reqs\.+: (\d+)", summary)[1])
        complete = requests == batches * (args.series // 10) * 10
        print(f"{agents:7d} {spent / lasted * 100:9.1f}% {spent / lasted / agents * 1000:15.2f} {peak:9.0f} "
              f"{size / batches / 1024:11.1f} {size / args.seconds / 1e6:9.2f}  {code}"
              f"{'' if complete else '  BATCHES ARE MISSING'}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agents", type=int, nargs="+", default=[1, 10, 50, 200])
    parser.add_argument("--series", type=int, default=1000)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--journal", action="store_true", help="with a journal, on the disk of the temporary folder")
    parser.add_argument("--lockstep", default=ROOT / "build/release/bin/lockstep")
    parser.add_argument("--swarm", default=ROOT / "build/release/bin/fleet_swarm")
    args = parser.parse_args()
    print(f"{args.series} series an agent each second, {args.seconds} s{', with a journal' if args.journal else ''}")
    print(" agents  CPU of core  ms/s of an agent  peak MB  KB of batch  MB/s in  exit code")
    for agents in args.agents:
        measure(args, agents)


if __name__ == "__main__":
    main()
