"""The server that the cases put under load: target.mjs, and where its ports are."""
import json
import shutil
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Target:
    def __init__(self):
        node = shutil.which("node")
        if not node:
            sys.exit("conform: node is needed for target.mjs")
        self.p = subprocess.Popen([node, str(HERE / "target.mjs"), "--stdin"], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=HERE)
        line = []
        th = threading.Thread(target=lambda: line.append(self.p.stdout.readline()), daemon=True)
        th.start()
        th.join(30)
        if not line or not line[0].strip():
            self.stop()
            sys.exit("conform: the target did not start within 30 s")
        self.ports = json.loads(line[0])
        p = self.ports
        a = "127.0.0.1"
        self.subst = {
            "HTTP": f"http://{a}:{p['http']}", "HTTP2ND": f"http://{a}:{p['http2nd']}", "H2": f"https://{a}:{p['h2']}",
            "HTTPS": f"https://{a}:{p['https']}", "MTLS": f"https://{a}:{p['mtls']}", "TLS12": f"https://{a}:{p['tls12']}",
            "REFUSED": f"http://{a}:{p['refused']}", "REFUSED_PORT": str(p["refused"]), "SILENT": f"http://{a}:{p['silent']}", "GARBAGE": f"http://{a}:{p['garbage']}",
            "WS": f"ws://{a}:{p['ws']}" if p.get("ws") else "", "SIO": f"{a}:{p['sio']}" if p.get("sio") else "",
            "GRPC": f"{a}:{p['grpc']}" if p.get("grpc") else "", "CERTS": p["certs"],
            "PORT": str(p["http"]), "H2PORT": str(p["h2"]),
        }

    def query(self, key):
        url = f"http://127.0.0.1:{self.ports['http']}/__query?key={key}"
        with urllib.request.urlopen(url, timeout=10) as r:
            return json.load(r)

    def stop(self):
        try:
            self.p.stdin.close()
        except OSError:
            pass
        try:
            self.p.wait(3)
        except subprocess.TimeoutExpired:
            self.p.kill()
