"""The files of deploy/: manifests render and have no unknown or missing fields, units and compose file are as their
programs want them. What a check needs and this machine lacks is skipped by name."""
import base64
import json
import os
import platform
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import yaml

DEPLOY = Path(__file__).resolve().parent.parent / "deploy"
KUBERNETES = DEPLOY / "kubernetes"

# The fields that our manifests may have, by the Kubernetes API reference (v1.32); kubectl without a server lets
# misspelt names pass. A value is: a type, [schema] for lists, {name: schema} for objects, ANY.
ANY = object()
TEXT_MAP = {"*": str}
METADATA = {"name": str, "namespace": str, "labels": TEXT_MAP, "annotations": TEXT_MAP,
            "ownerReferences": [{"apiVersion": str, "kind": str, "name": str, "uid": str}]}
PORT = {"name": str, "port": (int, str), "targetPort": (int, str), "containerPort": int, "protocol": str}
SELECTOR = {"matchLabels": TEXT_MAP}
PROBE = {"httpGet": {"path": str, "port": (int, str)}, "periodSeconds": int, "failureThreshold": int,
         "timeoutSeconds": int}
CONTAINER = {
    "name": str, "image": str, "imagePullPolicy": str, "command": [str], "args": [str], "workingDir": str,
    "env": [{"name": str, "value": str, "valueFrom": {"fieldRef": {"fieldPath": str, "apiVersion": str}}}],
    "envFrom": [{"secretRef": {"name": str}}], "ports": [PORT], "livenessProbe": PROBE, "readinessProbe": PROBE,
    "resources": {"requests": TEXT_MAP, "limits": TEXT_MAP},
    "securityContext": {"allowPrivilegeEscalation": bool, "readOnlyRootFilesystem": bool,
                        "capabilities": {"drop": [str]}},
    "volumeMounts": [{"name": str, "mountPath": str, "readOnly": bool}],
}
POD = {
    "restartPolicy": str, "terminationGracePeriodSeconds": int, "automountServiceAccountToken": bool,
    "securityContext": {"runAsNonRoot": bool, "runAsUser": int, "runAsGroup": int, "fsGroup": int, "seccompProfile": {"type": str}},
    "topologySpreadConstraints": [{"maxSkew": int, "topologyKey": str, "whenUnsatisfiable": str,
                                   "labelSelector": SELECTOR}],
    "containers": [CONTAINER],
    "volumes": [{"name": str, "configMap": {"name": str}, "emptyDir": {}, "secret": {"secretName": str, "defaultMode": int},
                 "persistentVolumeClaim": {"claimName": str}}],
}
TEMPLATE = {"metadata": METADATA, "spec": POD}
PEER = {"podSelector": SELECTOR, "namespaceSelector": SELECTOR}
SCHEMAS = {
    "Namespace": {},
    "ConfigMap": {"data": TEXT_MAP, "binaryData": TEXT_MAP, "immutable": bool},
    "Secret": {"data": TEXT_MAP, "type": str},
    "PersistentVolumeClaim": {"spec": {"accessModes": [str], "resources": {"requests": TEXT_MAP}, "storageClassName": str}},
    "Service": {"spec": {"clusterIP": str, "selector": TEXT_MAP, "ports": [PORT]}},
    "Job": {"spec": {"suspend": bool, "backoffLimit": int, "ttlSecondsAfterFinished": int, "completionMode": str, "completions": int,
                     "parallelism": int, "template": TEMPLATE}},
    "StatefulSet": {"spec": {"serviceName": str, "replicas": int, "podManagementPolicy": str, "selector": SELECTOR,
                             "template": TEMPLATE}},
    "NetworkPolicy": {"spec": {"podSelector": SELECTOR, "policyTypes": [str],
                               "ingress": [{"from": [PEER], "ports": [PORT]}],
                               "egress": [{"to": [PEER], "ports": [PORT]}]}},
}


def problems(value, schema, path):
    """What is wrong with `value`, each with its path."""
    if schema is ANY:
        return []
    if isinstance(schema, list):
        if not isinstance(value, list):
            return [f"{path}: must be a list"]
        return [p for i, item in enumerate(value) for p in problems(item, schema[0], f"{path}[{i}]")]
    if isinstance(schema, dict):
        if not isinstance(value, dict):
            return [f"{path}: must be an object"]
        found = []
        for key, item in value.items():
            known = schema.get(key, schema.get("*"))
            found += [f"{path}.{key}: unknown field"] if known is None else problems(item, known, f"{path}.{key}")
        return found
    fits = isinstance(value, schema) and not (isinstance(value, bool) and schema is not bool)
    return [] if fits else [f"{path}: {value!r} is no {schema}"]


@unittest.skipUnless(shutil.which("kubectl"), "there is no kubectl to render with")
class Kubernetes(unittest.TestCase):
    def render(self, folder):
        result = subprocess.run(["kubectl", "kustomize", folder], capture_output=True, text=True)
        self.assertEqual(0, result.returncode, result.stderr)
        return [document for document in yaml.safe_load_all(result.stdout) if document]

    def overlays(self):
        return [KUBERNETES / "base", *sorted(p for p in (KUBERNETES / "overlays").iterdir() if p.is_dir())]

    def test_all_overlays_render_to_known_fields(self):
        for folder in self.overlays():
            with self.subTest(folder.name):
                for document in self.render(folder):
                    schema = {"apiVersion": str, "kind": str, "metadata": METADATA, **SCHEMAS[document["kind"]]}
                    self.assertEqual([], problems(document, schema, document["kind"]))

    def test_a_misspelt_field_is_found(self):
        self.assertEqual(["Job.spec.backofLimit: unknown field"],
                         problems({"spec": {"backofLimit": 0}}, SCHEMAS["Job"], "Job"))
        self.assertEqual(1, len(problems({"spec": {"replicas": "three"}}, SCHEMAS["StatefulSet"], "S")))

    def test_references_lead_somewhere(self):
        for folder in self.overlays():
            with self.subTest(folder.name):
                documents = self.render(folder)
                names = {(d["kind"], d["metadata"]["name"]) for d in documents}
                labels = [d["spec"]["template"]["metadata"]["labels"] for d in documents if d["kind"] in ("Job", "StatefulSet")]
                for document in documents:
                    spec = document.get("spec", {})
                    if document["kind"] in ("Job", "StatefulSet"):
                        pod = spec["template"]["spec"]
                        mounts = {m["name"] for c in pod["containers"] for m in c["volumeMounts"]}
                        self.assertEqual(mounts, {v["name"] for v in pod["volumes"]})
                        for volume in pod["volumes"]:
                            if "configMap" in volume:
                                self.assertIn(("ConfigMap", volume["configMap"]["name"]), names)
                        for source in (s for c in pod["containers"] for s in c.get("envFrom", [])):
                            self.assertIn(("Secret", source["secretRef"]["name"]), names)
                    selector = spec.get("selector") if document["kind"] == "Service" else \
                        spec.get("podSelector", {}).get("matchLabels") if document["kind"] == "NetworkPolicy" else None
                    if selector:
                        self.assertTrue(any(selector.items() <= label.items() for label in labels), selector)

    def test_the_coordinator_waits_for_as_many_agents_as_there_are(self):
        for folder in self.overlays():
            with self.subTest(folder.name):
                documents = self.render(folder)
                job = next(d for d in documents if d["metadata"]["name"] == "lockstep-coordinator" and d["kind"] == "Job")
                environment = {e["name"]: e.get("value") for e in job["spec"]["template"]["spec"]["containers"][0]["env"]}
                agents = next(d for d in documents if d["metadata"]["name"] == "lockstep-agent" and d["kind"] in ("Job", "StatefulSet"))
                self.assertEqual(int(environment["AGENTS"]), agents["spec"].get("replicas", agents["spec"].get("completions")))


class Compose(unittest.TestCase):
    def setUp(self):
        self.file = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))

    def test_what_it_mounts_is_there(self):
        for service in self.file["services"].values():
            for volume in service.get("volumes", []):
                source = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", volume).split(":")[0]
                there = (DEPLOY / source).exists() if source.startswith(".") else source in self.file["volumes"]
                self.assertTrue(there, source)

    def test_any_test_can_be_run_without_editing_it(self):
        coordinator = self.file["services"]["coordinator"]
        self.assertIn('"$$@"', coordinator["entrypoint"][2])
        self.assertEqual(["/scripts/script.js"], coordinator["command"])

    def test_ports_are_this_machines_only(self):
        for service in self.file["services"].values():
            for port in service.get("ports", []):
                self.assertTrue(port.startswith("127.0.0.1:"), port)

    def test_prometheus_scrapes_the_ports_that_are_served(self):
        scrape = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text("utf-8"))["scrape_configs"]
        self.assertEqual(["coordinator:6565"], scrape[0]["static_configs"][0]["targets"])
        self.assertIn("--address=0.0.0.0:6565", " ".join(self.file["services"]["coordinator"]["entrypoint"]).split())
        self.assertEqual(9100, scrape[1]["dns_sd_configs"][0]["port"])
        self.assertIn("--metrics-address=0.0.0.0:9100", self.file["services"]["agent"]["command"])


class Containerfile(unittest.TestCase):
    def setUp(self):
        self.text = (DEPLOY / "Containerfile").read_text("utf-8")

    def test_the_runtime_is_a_stage_of_its_own_without_root_and_with_a_health_check(self):
        runtime = self.text.split(" AS runtime")[1]
        self.assertEqual(2, len(re.findall(r"^FROM ", self.text, re.M)))
        self.assertIn("\nUSER 10001:10001\n", runtime)
        self.assertIn("\nHEALTHCHECK ", runtime)
        self.assertNotIn("scripts/build", runtime)
        for program in ("lockstep version", "lockstep-agent --version"):
            self.assertIn(program, runtime)


BIN = Path(os.environ.get("LOCKSTEP_BIN", DEPLOY.parent / "build/release/bin"))


@unittest.skipUnless((BIN / "lockstep-agent").exists(), "there are no programs to make manifests with")
class Manifests(unittest.TestCase):
    SCRIPT = "import { add } from './lib.js';\nexport const options = { vus: 2, iterations: 4 };\nexport default () => { add(1, 2); };\n"

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        (self.folder / "lib.js").write_text("export const add = (a, b) => a + b;\n", "utf-8")
        for name in ("first.js", "second.js"):
            (self.folder / name).write_text(self.SCRIPT, "utf-8")

    def manifest(self, script, *flags, code=0):
        made = subprocess.run([BIN.resolve() / "lockstep", "manifest", script, *flags], capture_output=True, text=True, cwd=self.folder)
        self.assertEqual(code, made.returncode, made.stderr)
        self.said = made.stderr
        return [document for document in yaml.safe_load_all(made.stdout) if document]

    def test_two_scripts_have_no_name_in_common_and_only_known_fields(self):
        names = set()
        for script in ("first.js", "second.js"):
            documents = self.manifest(script, "--agents", "10", "--namespace", "load")
            self.assertEqual(["ConfigMap", "Service", "NetworkPolicy", "Job", "Job"], [d["kind"] for d in documents])
            for document in documents:
                schema = {"apiVersion": str, "kind": str, "metadata": METADATA, **SCHEMAS[document["kind"]]}
                self.assertEqual([], problems(document, schema, document["kind"]))
                name = (document["kind"], document["metadata"]["name"])
                self.assertNotIn(name, names)
                names.add(name)
            service, agents = documents[1], documents[4]
            self.assertIn(f"--coordinator={service['metadata']['name']}:7411", agents["spec"]["template"]["spec"]["containers"][0]["args"])
            coordinator = documents[3]["spec"]["template"]
            self.assertTrue(service["spec"]["selector"].items() <= coordinator["metadata"]["labels"].items())
            self.assertIn("--agents=10", coordinator["spec"]["containers"][0]["args"])
            self.assertEqual(10, agents["spec"]["completions"])

    def test_the_archive_in_it_is_a_test_that_runs(self):
        config = self.manifest("first.js", "-u", "3", "-e", "TARGET=there")[0]
        (self.folder / "test.tar").write_bytes(base64.b64decode(config["binaryData"]["test.tar"]))
        shown = subprocess.run([BIN.resolve() / "lockstep", "inspect", "test.tar"], capture_output=True, text=True, cwd=self.folder)
        self.assertEqual(3, json.loads(shown.stdout)["vus"])

    def test_mistakes_are_told_and_nothing_is_printed(self):
        (self.folder / "first.js").write_text("export const options = { vus: 'many' };\nexport default () => {};\n", "utf-8")
        self.assertEqual([], self.manifest("first.js", code=104))
        self.assertEqual([], self.manifest("second.js", "--flags", "--on-agent-loss=hope", code=255))
        self.assertIn("--on-agent-loss: invalid value", self.said)

    @unittest.skipUnless(shutil.which("kubectl"), "there is no kubectl to decode with")
    def test_kubectl_decodes_the_jobs(self):
        for document in self.manifest("first.js", "--queue", "team-a"):
            if document["kind"] == "Job":
                path = self.folder / "job.yaml"
                path.write_text(yaml.safe_dump(document), "utf-8")
                container = document["spec"]["template"]["spec"]["containers"][0]["name"]
                decoded = subprocess.run(["kubectl", "set", "image", "--local", "-f", path, f"{container}=x", "-o", "name"],
                                         capture_output=True, text=True)
                self.assertEqual(0, decoded.returncode, decoded.stderr)


@unittest.skipUnless((BIN / "lockstep-agent").exists() and shutil.which("readelf"), "there are no programs to look into")
class Image(unittest.TestCase):
    def test_the_runtime_has_the_libraries_that_the_programs_name(self):
        setup = (DEPLOY.parent / "scripts/setup").read_text("utf-8")
        system = platform.freedesktop_os_release()["VERSION_CODENAME"].upper()
        packages = set(" ".join(re.findall(rf"RUNTIME_PACKAGES(?:_{system})?=\((.*?)\)", setup, re.S)).split())
        packages |= {"libc6", "libstdc++6", "libgcc-s1", "libcurl4"}  # in every image, or from backports
        for program in ("lockstep", "lockstep-agent"):
            dynamic = subprocess.run(["readelf", "-d", BIN / program], capture_output=True, text=True, check=True).stdout
            for library in re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic):
                if library.startswith("libnode."):
                    continue  # its package is libnode and a number; a foreign Node.js may have kept it out of here
                owner = subprocess.run(["dpkg", "-S", f"*/{library}"], capture_output=True, text=True).stdout
                owners = {line.split(":")[0] for line in owner.splitlines()}
                self.assertTrue(owners & packages, f"{program} needs {library}, of {owners}")


RELEASE = DEPLOY.parent / "build" / "release"


@unittest.skipUnless((RELEASE / "bin" / "lockstep").exists(), "there is no release build to install")
class Install(unittest.TestCase):
    def test_installs_stripped_programs_with_pages_units_and_licences(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["cmake", "--install", RELEASE, "--prefix", folder, "--strip"], check=True, capture_output=True)
            prefix = Path(folder)
            for program in ("lockstep", "lockstep-agent"):
                installed = (prefix / "bin" / program).read_bytes()
                self.assertFalse(b".debug_info" in installed, "it is not stripped")
                # As a path of its own: "./src/" of a library is none of a build in /src.
                own_path = rb"(?<![\w./-])" + re.escape(str(DEPLOY.parent).encode()) + rb"/"
                self.assertIsNone(re.search(own_path, installed), "a path of the build")
                page = (prefix / "share/man/man1" / f"{program}.1").read_text("utf-8")
                self.assertIn(".SH NAME", page)
            for command in ("run", "coordinator", "status", "certs-agent"):
                self.assertIn("\n.SH FLAGS\n", (prefix / f"share/man/man1/lockstep-{command}.1").read_text("utf-8"))
            for completion in ("bash-completion/completions/lockstep", "zsh/vendor-completions/_lockstep",
                               "fish/vendor_completions.d/lockstep.fish"):
                self.assertIn("coordinator", (prefix / "share" / completion).read_text("utf-8"))
            for unit in (DEPLOY / "systemd").glob("*.service"):
                text = (prefix / "lib/systemd/system" / unit.name).read_text("utf-8")
                self.assertRegex(text, rf"ExecStart=(/usr/bin/flock --no-fork \S+ )?{folder}/bin/lockstep")
            for licence in ("copyright", "css-select.LICENSE", "go_random.LICENSE", "swc.LICENSE", "web-streams.LICENSE",
                            "grpc.LICENSE", "protobuf.LICENSE"):
                self.assertTrue((prefix / "share/doc/lockstep" / licence).exists(), licence)


@unittest.skipUnless(shutil.which("systemd-analyze"), "there is no systemd-analyze to verify units with")
class Systemd(unittest.TestCase):
    def test_units_are_valid(self):
        for unit in sorted((DEPLOY / "systemd").glob("*.service")):
            with self.subTest(unit.name), tempfile.TemporaryDirectory() as folder:
                # With a program that is there.
                text = re.sub(r"/usr/local/bin/lockstep\S*", "/bin/true", unit.read_text("utf-8"))
                name = unit.name.replace("@.", "@test.")
                Path(folder, name).write_text(text, "utf-8")
                result = subprocess.run(["systemd-analyze", "verify", "--man=no", Path(folder, name)],
                                        capture_output=True, text=True)
                self.assertEqual(0, result.returncode, result.stderr)
                self.assertNotIn(unit.name, result.stderr)


if __name__ == "__main__":
    unittest.main()
