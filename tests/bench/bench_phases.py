"""The timing phases of a request beside delays that are known: a name server that answers after 50 ms, a first SYN that is
lost (the kernel tries again after a second), a first byte after 100 ms, and a body whose second half comes 120 ms after the
first. The servers tell how long they have really taken, as a machine that others use wakes them late. Everything happens in a
network namespace of its own; as root. Each median should be within 1 ms or 2 %."""
import argparse
import json
import os
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LOCKSTEP = ROOT / "build/release/bin/lockstep"
NAMESPACE = f"lockstep-phases-{os.getpid()}"
HTTP_PORT, SLOW_CONNECT_PORT, DNS_PORT = 9000, 9001, 53
LOOK_UP, CONNECT, FIRST_BYTE, BODY = 0.050, 1.0, 0.100, 0.120

SCRIPT = """
import http from 'k6/http';
import { Trend } from 'k6/metrics';
const lookingUp = new Trend('looking_up', true);
export const options = { iterations: %d };
export default function () {
  const named = http.get(`http://h${__ITER}.phases.test:%d/`, { tags: { name: 'waiting' }, headers: { Connection: 'close' } });
  lookingUp.add(named.timings.looking_up, { name: 'waiting' });
  http.get(`http://127.0.0.1:%d/`, { tags: { name: 'connect' }, headers: { Connection: 'close' } });
}
"""
LOSE_FIRST_SYN = """
table inet phases {
  set seen { type ipv4_addr . inet_service; flags dynamic, timeout; timeout 20s; }
  chain input {
    type filter hook input priority 0;
    tcp dport %d tcp flags & (syn | ack) == syn ip saddr . tcp sport != @seen add @seen { ip saddr . tcp sport } drop
  }
}
""" % SLOW_CONNECT_PORT


def tell(delay, since):
    """Prints how long a server has really waited, on a line of its own."""
    print(f"{delay}={time.monotonic() - since:.6f}\n", end="", flush=True)


def answer_names():
    """A name server: 127.0.0.1 for every A, nothing for the rest, after LOOK_UP."""
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("127.0.0.1", DNS_PORT))

    def answer(query, client, came):
        end = query.index(b"\0", 12) + 5
        is_a = query[end - 4:end - 2] == b"\0\1"
        head = query[:2] + struct.pack("!HHHHH", 0x8180, 1, int(is_a), 0, 0)
        record = b"\xc0\x0c\0\1\0\1" + struct.pack("!IH", 60, 4) + socket.inet_aton("127.0.0.1")
        time.sleep(max(0, came + LOOK_UP - time.monotonic()))
        tell("look-up", came)
        server.sendto(head + query[12:end] + (record if is_a else b""), client)

    while True:
        query, client = server.recvfrom(512)
        threading.Thread(target=answer, args=(query, client, time.monotonic()), daemon=True).start()


def answer_requests(port):
    listener = socket.create_server(("127.0.0.1", port), backlog=64)

    def answer(connection):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        request = b""
        while b"\r\n\r\n" not in request:
            request += connection.recv(65536)
        came = time.monotonic()
        time.sleep(FIRST_BYTE)
        tell("first byte", came)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2000\r\nConnection: close\r\n\r\n" + b"x" * 1000)
        came = time.monotonic()
        time.sleep(BODY)
        tell("body", came)
        connection.sendall(b"x" * 1000)
        connection.close()

    while True:
        connection, _ = listener.accept()
        threading.Thread(target=answer, args=(connection,), daemon=True).start()


def serve():
    for target, arguments in ((answer_names, ()), (answer_requests, (HTTP_PORT,)), (answer_requests, (SLOW_CONNECT_PORT,))):
        threading.Thread(target=target, args=arguments, daemon=True).start()
    print("ready", flush=True)
    sys.stdin.read()


def run(rounds, folder):
    inside = ["ip", "netns", "exec", NAMESPACE]
    (folder / "script.js").write_text(SCRIPT % (rounds, HTTP_PORT, SLOW_CONNECT_PORT), "utf-8")
    server = subprocess.Popen([*inside, sys.executable, __file__, "--serve"], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    try:
        server.stdout.readline()
        subprocess.run([*inside, LOCKSTEP, "run", "-q", "--summary-mode", "disabled", "-o", "json=points.json", "script.js"],
                       cwd=folder, check=True)
    finally:
        told, _ = server.communicate(timeout=10)
    known = {"connect": [CONNECT]}
    for line in told.splitlines():
        delay, seconds = line.split("=")
        known.setdefault(delay, []).append(float(seconds))
    values = {}
    for line in (folder / "points.json").read_text("utf-8").splitlines():
        point = json.loads(line)
        if point["type"] == "Point" and point["metric"].startswith(("http_req_", "looking_up")):
            key = (point["data"]["tags"].get("name"), point["metric"])
            values.setdefault(key, []).append(point["data"]["value"])
    return values, {delay: statistics.median(seconds) for delay, seconds in known.items()}


def report(values, known_delays):
    rows = (("look-up", ("waiting", "looking_up")), ("connect", ("connect", "http_req_connecting")),
            ("first byte", ("waiting", "http_req_waiting")), ("body", ("waiting", "http_req_receiving")))
    good = True
    print(f"{'phase':22}{'known ms':>10}{'median ms':>11}{'off ms':>9}{'off %':>8}{'n':>5}")
    for name, key in rows:
        known = known_delays[name]
        median = statistics.median(values[key])
        off = median - known * 1000
        good = good and (abs(off) <= 1 or abs(off) <= 0.02 * known * 1000)
        print(f"{name:22}{known * 1000:10.1f}{median:11.3f}{off:9.3f}{100 * off / (known * 1000):8.2f}{len(values[key]):5}")
    print("each within 1 ms or 2 %" if good else "NOT each within 1 ms or 2 %")
    return 0 if good else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="requests of each kind (20)")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        return serve()
    resolver = Path("/etc/netns") / NAMESPACE
    with tempfile.TemporaryDirectory() as folder:
        try:
            resolver.mkdir(parents=True)
            (resolver / "resolv.conf").write_text("nameserver 127.0.0.1\n", "utf-8")
            subprocess.run(["ip", "netns", "add", NAMESPACE], check=True)
            subprocess.run(["ip", "-n", NAMESPACE, "link", "set", "lo", "up"], check=True)
            subprocess.run(["ip", "netns", "exec", NAMESPACE, "nft", "-f", "-"], input=LOSE_FIRST_SYN, text=True, check=True)
            values, known = run(arguments.rounds, Path(folder))
        finally:
            subprocess.run(["ip", "netns", "del", NAMESPACE], check=False)
            (resolver / "resolv.conf").unlink(missing_ok=True)
            resolver.rmdir()
    return report(values, known)


if __name__ == "__main__":
    sys.exit(main())
