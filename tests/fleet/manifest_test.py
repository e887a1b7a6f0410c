"""Two tests on one machine of pods at once, from what `lockstep manifest` prints for each.

podman plays pods and knows no Jobs, Services and ConfigMaps in volumes. What Kubernetes makes of these is made here: a pod of
each Job's template (as many as it completes), with the index in its environment, the volumes as folders, and the Service's name
in the hosts file of the agents. All else, the command lines among it, is as it was printed.
"""
import base64
import copy
import os
import unittest
from pathlib import Path

import yaml

from tests.fleet import labs
from tests.fleet.fleet_test import CountingServer

ITERATIONS = 60
SCRIPT = """
import http from 'k6/http';
export const options = { vus: 6, iterations: %d, thresholds: { http_reqs: ['count%s'] } };
export default function () { http.get(__ENV.TARGET); }
"""
PASSED, THRESHOLDS_CROSSED = 0, 99
SERVER_NAME = "lockstep-coordinator"  # what the shipped credentials are made for


class Run:
    """The objects of one manifest, and the pods that play it."""

    def __init__(self, lab, script, target):
        self.lab = lab
        text = labs.run(labs.BIN / "lockstep", "manifest", "--agents", "2", "--image", labs.IMAGE, "-e", f"TARGET={target}",
                        script).stdout
        self.objects = [item for item in yaml.safe_load_all(text) if item]
        self.names = {(item["kind"], item["metadata"]["name"]) for item in self.objects}
        self.service = self.one("Service")["metadata"]["name"]
        self.pods = []

    def one(self, kind, ending=""):
        found = [o for o in self.objects if o["kind"] == kind and o["metadata"]["name"].endswith(ending)]
        assert len(found) == 1, (kind, ending, self.names)
        return found[0]

    def folder(self, name, volume):
        """What the kubelet mounts for a volume."""
        path = Path(self.lab.folder) / f"{self.service}-{name}-{len(self.pods)}"
        if "secret" in volume:
            return self.lab.credentials(volume["secret"]["secretName"].split("-")[1])
        path.mkdir()
        if "configMap" in volume:
            for file, data in self.one("ConfigMap")["binaryData"].items():
                (path / file).write_bytes(base64.b64decode(data))
        for item in (path, *path.iterdir()):
            os.chown(item, labs.USER, labs.USER)
        return str(path)

    def pod(self, ending, index, hosts):
        job = self.one("Job", ending)
        spec = copy.deepcopy(job["spec"]["template"]["spec"])
        spec["restartPolicy"] = "Never"
        spec["hostAliases"] = hosts
        for volume in spec["volumes"]:
            path = self.folder(volume["name"], volume)
            kept = {"name": volume["name"], "hostPath": {"path": path, "type": "Directory"}}
            volume.clear()
            volume.update(kept)
        for container in spec["containers"]:
            container["imagePullPolicy"] = "Never"
            del container["livenessProbe"]  # podman has timers of systemd for these
            del container["ports"]  # podman would take the same ports of the host for each pod
            for variable in container.get("env", []):
                if "valueFrom" in variable:
                    del variable["valueFrom"]
                    variable["value"] = str(index)
            container["args"] = [a.replace("$(JOB_COMPLETION_INDEX)", str(index)) for a in container["args"]]
        name = f"{job['metadata']['name']}-{index}"
        return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}

    def play(self, pod, address):
        name = pod["metadata"]["name"]
        self.pods.append(name)
        file = self.lab.file(f"{name}.yaml", yaml.safe_dump(pod))
        self.lab.podman("play", "kube", "--network", self.lab.network, "--ip", address, file)
        return f"{name}-{pod['spec']['containers'][0]['name']}"

    def start(self):
        address = self.lab.take_address()
        self.coordinator = self.play(self.pod("-coordinator", 0, []), address)
        hosts = [{"ip": address, "hostnames": [self.service]}]
        agents = self.one("Job", "-agent")["spec"]["completions"]
        self.agents = [self.play(self.pod("-agent", i, hosts), self.lab.take_address()) for i in range(agents)]

    def wait(self, container):
        return int(self.lab.podman("wait", container).stdout.split()[0])

    def said(self, container):
        logs = self.lab.podman("logs", container, check=False)
        return logs.stdout + logs.stderr

    def remove(self):
        for pod in self.pods:
            self.lab.podman("pod", "rm", "--force", "--time", "0", pod, check=False)


class Manifests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        try:
            cls.lab = labs.ContainerLab()
        except labs.LabError as error:
            print(f"!! SKIPPED, no manifest was played as pods: {error}", flush=True)
            raise unittest.SkipTest(str(error)) from error
        cls.addClassCleanup(cls.lab.close)
        cls.lab.make_credentials(SERVER_NAME)

    def test_two_at_once_have_each_an_exit_code_of_their_own(self):
        servers, runs = [], []
        for judgement in (f"=={ITERATIONS}", f">{ITERATIONS}"):
            server = CountingServer(self.lab.gateway)
            self.addCleanup(server.server_close)
            self.addCleanup(server.shutdown)
            script = self.lab.file(f"test-{len(runs)}.js", SCRIPT % (ITERATIONS, judgement))
            run = Run(self.lab, script, server.url)
            self.addCleanup(run.remove)
            servers.append(server)
            runs.append(run)
        self.assertEqual(runs[0].names & runs[1].names, set())
        for run in runs:
            run.start()
        codes = [run.wait(run.coordinator) for run in runs]
        said = [run.said(run.coordinator) for run in runs]
        self.assertEqual(codes, [PASSED, THRESHOLDS_CROSSED], said)
        for server, run, text in zip(servers, runs, said):
            self.assertEqual(sum(server.take_counts().values()), ITERATIONS, text)
            self.assertEqual([run.wait(agent) for agent in run.agents], [0, 0], [run.said(a) for a in run.agents])
        print(f"   two manifests played as pods: exit codes {codes}, {ITERATIONS} requests each at the servers", flush=True)


if __name__ == "__main__":
    unittest.main()
