"""A headless Chromium, driven over WebDriver: just what the tests of pages need."""
import base64
import json
import re
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

from tests.integration.support import PATIENCE, wait_until

AXE = (Path(__file__).parent / "vendor/axe.js").read_text("utf-8")


class Browser:
    def __init__(self, width=1440, height=1000):
        # With port 0 it takes a free one and says which.
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        for line in self.driver.stdout:
            if found := re.search(r"successfully on port (\d+)", line):
                self.address = f"http://127.0.0.1:{found[1]}"
                break
        else:
            raise AssertionError("chromedriver does not start")
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
                     f"--window-size={width},{height}"]
        answer = self.ask("POST", "/session", {"capabilities": {"alwaysMatch": {
            "browserName": "chrome", "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}}})
        self.session = f"/session/{answer['sessionId']}"

    def ask(self, method, path, body=None):
        request = urllib.request.Request(self.address + path, method=method,
                                         data=None if body is None else json.dumps(body).encode(),
                                         headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.loads(answer.read())["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from None

    def close(self):
        try:
            self.ask("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.driver.stdout.close()

    def open(self, url):
        self.ask("POST", f"{self.session}/url", {"url": url})

    def run(self, script, *arguments):
        return self.ask("POST", f"{self.session}/execute/sync", {"script": script, "args": list(arguments)})

    def tell(self, command, **parameters):
        """A command of the DevTools protocol."""
        return self.ask("POST", f"{self.session}/goog/cdp/execute", {"cmd": command, "params": parameters})

    def wait_for(self, script, *arguments, what=None):
        """What `script` returns once that is something."""
        return wait_until(lambda: self.run(script, *arguments), what or f"this says so: {script}")

    def text(self, selector):
        return self.run("return document.querySelector(arguments[0])?.textContent.trim() ?? null", selector)

    def click(self, selector):
        self.run("document.querySelector(arguments[0]).click()", selector)

    def shown_text(self):
        """What can be read on the page, also where its scripts are off."""
        root = self.ask("POST", f"{self.session}/element", {"using": "css selector", "value": "body"})
        return self.ask("GET", f"{self.session}/element/{next(iter(root.values()))}/text")

    def wait_for_alert(self):
        def asked():
            try:
                return self.ask("GET", f"{self.session}/alert/text")
            except AssertionError:
                return None

        return wait_until(asked, "the page asks something")

    def accept(self):
        """Says yes to what the page asks."""
        self.ask("POST", f"{self.session}/alert/accept", {})

    def size(self, width, height):
        self.tell("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 600)

    def dark(self, on):
        self.tell("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if on else "light"}])

    def picture(self, path):
        """All of the page, as it would be printed."""
        self.run("dispatchEvent(new Event('beforeprint'))")
        height = self.run("return document.documentElement.scrollHeight")
        shot = self.tell("Page.captureScreenshot", captureBeyondViewport=True,
                         clip={"x": 0, "y": 0, "width": self.run("return innerWidth"), "height": min(height, 8000), "scale": 1})
        Path(path).write_bytes(base64.b64decode(shot["data"]))

    def complaints(self):
        """What the console and the network had to complain of since the last call."""
        return [entry["message"] for entry in self.ask("POST", f"{self.session}/se/log", {"type": "browser"})
                if entry["level"] in ("SEVERE", "WARNING")]

    def requests(self):
        """The addresses that were asked for since the last call."""
        events = [json.loads(entry["message"])["message"]
                  for entry in self.ask("POST", f"{self.session}/se/log", {"type": "performance"})]
        return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]

    def findings(self):
        """What axe finds: the rule and where."""
        self.run(AXE + "; window.axe = axe;")
        result = self.ask("POST", f"{self.session}/execute/async", {"script": """
            const done = arguments[arguments.length - 1];
            axe.run(document, { resultTypes: ['violations'] }).then(
              (found) => done(found.violations.map((v) => [v.id, v.help, v.nodes.map((n) => n.html.slice(0, 200))])),
              (error) => done([['axe', String(error), []]]));""", "args": []})
        return result
