"""Machines to try a fleet on: one process each, with an address of its own and a network that can be cut.

Two kinds: containers (podman with runc) and network namespaces. `make_lab()` takes the first that works here, and says
loudly why it does not take a better one.
"""
import functools
import json
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from tests.integration.support import wait_until

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(os.environ.get("LOCKSTEP_BIN", ROOT / "build/release/bin")).resolve()
PATIENCE = 120
USER = 10001  # of deploy/Containerfile


class LabError(Exception):
    pass


def run(*command, check=True, **options):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=900, **options)
    if check and result.returncode != 0:
        raise LabError(f"{' '.join(map(str, command))}: exit code {result.returncode}: {result.stderr.strip()[-800:]}")
    return result


class Node:
    """One machine of a lab, running one program."""

    def __init__(self, lab, name, address):
        self.lab, self.name, self.address = lab, name, address

    def in_network(self, *command, check=True):
        raise NotImplementedError

    def cut_off_from(self, other):
        """Packets to and from `other` vanish; nobody is told."""
        self.in_network("iptables", "-I", "INPUT", "-s", other.address, "-j", "DROP")
        self.in_network("iptables", "-I", "OUTPUT", "-d", other.address, "-j", "DROP")

    def reconnect(self):
        self.in_network("iptables", "-F")

    def drop_packets(self, share):
        """Each packet that comes in is lost with this probability."""
        self.in_network("iptables", "-A", "INPUT", "-m", "statistic", "--mode", "random", "--probability", share,
                        "-j", "DROP")


class Lab:
    """A network 10.77.N.0/24 with the tests at its first address."""

    SUBNETS = range(10, 250)

    def __init__(self):
        self.nodes = {}
        self.next_host = 10

    def keep_hardware_address(self, bridge):
        """A bridge takes the lowest of its ports' addresses, another one as machines come and go, and what is sent to the one before
        is lost for half a minute."""
        run("ip", "link", "set", bridge, "address", "02:77:01:00:%02x:%02x" % divmod(os.getpid() % 65536, 256))

    def take_address(self):
        self.next_host += 1
        return f"{self.prefix}.{self.next_host}"

    def make_credentials(self, coordinator):
        """An authority of this lab's, and what its coordinator (at that address), agents and operator need."""
        trust = Path(self.folder) / "trust"
        trust.mkdir()
        for arguments in (["init"], ["coordinator", "--host", coordinator], ["agent"], ["operator"]):
            run(BIN / "lockstep", "certs", *arguments, cwd=trust)
        for path in (trust, *trust.rglob("*")):  # the image's user reads them
            os.chown(path, USER, USER)

    @property
    def kept_folder(self):
        """Where nodes may write, and what is there stays when they are started again."""
        folder = Path(self.folder) / "kept"
        if not folder.exists():
            folder.mkdir()
            os.chown(folder, USER, USER)
        return folder

    def kept(self, name):
        """A file that a node may write."""
        return str(self.kept_folder / name)

    def credentials(self, role):
        return str(Path(self.folder) / "trust" / role)

    def node(self, name):
        self.nodes[name] = self.node_class(self, name, self.take_address())
        return self.nodes[name]

    def file(self, name, text):
        path = Path(self.folder) / name
        path.write_text(text, "utf-8")
        return str(path)

    def close(self):
        for node in self.nodes.values():
            node.remove()
        self.nodes = {}


# ---- network namespaces ----


class NamespaceNode(Node):
    def __init__(self, lab, name, address):
        super().__init__(lab, name, address)
        self.namespace = f"{lab.tag}{len(lab.nodes)}"
        veth = f"v{self.namespace}"
        run("ip", "netns", "add", self.namespace)
        run("ip", "link", "add", veth, "type", "veth", "peer", "name", "eth0", "netns", self.namespace)
        run("ip", "link", "set", veth, "master", lab.bridge, "up")
        self.in_network("ip", "link", "set", "lo", "up")
        self.in_network("ip", "address", "add", f"{address}/24", "dev", "eth0")
        self.in_network("ip", "link", "set", "eth0", "up")
        self.process = None

    def in_network(self, *command, check=True):
        return run("ip", "netns", "exec", self.namespace, *command, check=check)

    def start(self, *command):
        self.end()
        self.output = tempfile.TemporaryFile("w+")
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(["ip", "netns", "exec", self.namespace, BIN / command[0], *command[1:]],
                                        stdout=self.output, stderr=self.errors, cwd=self.lab.folder)

    def kill(self, name="KILL"):
        self.process.send_signal(getattr(signal, f"SIG{name}"))

    def alive(self):
        return self.process.poll() is None

    def wait(self, timeout=PATIENCE):
        return self.process.wait(timeout=timeout)

    def said(self):
        """What it has written so far: standard output, standard error."""
        texts = []
        for file in (self.output, self.errors):
            file.flush()
            texts.append(os.pread(file.fileno(), 1 << 24, 0).decode("utf-8", "replace"))
        return texts

    def end(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.output.close()
            self.errors.close()
            self.process = None

    def remove(self):
        self.end()
        run("ip", "netns", "delete", self.namespace, check=False)


class NamespaceLab(Lab):
    kind = "network namespaces"
    node_class = NamespaceNode

    def __init__(self):
        super().__init__()
        if os.geteuid() != 0:
            raise LabError("network namespaces need root")
        for tool in ("ip", "iptables"):
            if shutil.which(tool) is None:
                raise LabError(f"there is no {tool} (packages iproute2, iptables)")
        self.tag = f"ls{os.getpid() % 100000}n"
        self.bridge = f"ls{os.getpid() % 100000}b"
        taken = run("ip", "-4", "address").stdout
        number = next(n for n in self.SUBNETS if f"10.77.{n}." not in taken)
        self.prefix = f"10.77.{number}"
        self.gateway = f"{self.prefix}.1"
        self.folder = tempfile.mkdtemp(prefix="lockstep-lab-")
        run("ip", "link", "add", self.bridge, "type", "bridge")
        run("ip", "address", "add", f"{self.gateway}/24", "dev", self.bridge)
        run("ip", "link", "set", self.bridge, "up")
        self.keep_hardware_address(self.bridge)

    def close(self):
        super().close()
        run("ip", "link", "delete", self.bridge, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


# ---- containers ----

CONTAINERS_CONF = """
[containers]
default_ulimits = ["nofile=20000:20000", "nproc=32768:32768"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
"""
BASE_IMAGE = "localhost/debian:bookworm-slim"
IMAGE = "localhost/lockstep-fleet:latest"


class ContainerNode(Node):
    def __init__(self, lab, name, address):
        super().__init__(lab, name, address)
        self.container = f"{lab.tag}-{len(lab.nodes)}"
        self.mac = "02:77:00:00:%02x:%02x" % (os.getpid() % 256, len(lab.nodes))
        self.started = False

    def start(self, *command):
        self.end()
        self.lab.podman("run", "--detach", "--no-healthcheck", "--name", self.container, "--network", self.lab.network,
                        "--ip", self.address, "--mac-address", self.mac, "--cap-drop=all", "--read-only",
                        "--volume", f"{self.lab.folder}:{self.lab.folder}:ro",
                        "--volume", f"{self.lab.kept_folder}:{self.lab.kept_folder}", IMAGE, *command)
        self.started = True

    def in_network(self, *command, check=True):
        process = self.lab.podman("inspect", "--format", "{{.State.Pid}}", self.container).stdout.strip()
        return run("nsenter", "-t", process, "-n", *command, check=check)

    def kill(self, name="KILL"):
        self.lab.podman("kill", "--signal", name, self.container)

    def alive(self):
        state = self.lab.podman("inspect", "--format", "{{.State.Running}}", self.container, check=False)
        return state.stdout.strip() == "true"

    def wait(self, timeout=PATIENCE):
        wait_until(lambda: not self.alive(), f"{self.name} has ended", timeout)
        return int(self.lab.podman("inspect", "--format", "{{.State.ExitCode}}", self.container).stdout)

    def said(self):
        logs = self.lab.podman("logs", self.container, check=False)
        return [logs.stdout, logs.stderr]

    def end(self):
        if self.started:
            self.lab.podman("rm", "--force", "--time", "0", self.container, check=False)
            self.started = False

    def remove(self):
        self.end()


class ContainerLab(Lab):
    kind = "containers"
    node_class = ContainerNode

    def __init__(self):
        super().__init__()
        if os.geteuid() != 0:
            raise LabError("containers with addresses of their own need root")
        for tool in ("podman", "buildah", "runc", "iptables", "nsenter"):
            if shutil.which(tool) is None:
                raise LabError(f"there is no {tool}")
        self.tag = f"lockstep-{os.getpid()}"
        self.folder = tempfile.mkdtemp(prefix="lockstep-lab-")
        os.chmod(self.folder, 0o755)
        conf = Path(self.folder) / "containers.conf"
        conf.write_text(CONTAINERS_CONF, "utf-8")
        self.env = {**os.environ, "CONTAINERS_CONF": str(conf)}
        build_image()
        networks = self.podman("network", "ls", "--format", "{{.Name}}").stdout
        taken = run("ip", "-4", "address").stdout + "".join(
            self.podman("network", "inspect", n).stdout for n in networks.split())
        number = next(n for n in self.SUBNETS if f"10.77.{n}." not in taken)
        self.prefix = f"10.77.{number}"
        self.gateway = f"{self.prefix}.1"
        self.network = self.tag
        self.podman("network", "create", "--subnet", f"{self.prefix}.0/24", "--gateway", self.gateway, self.network)
        # The bridge has its address while a container is on it: one stays.
        self.anchor = self.node("anchor")
        try:
            self.anchor.start("sleep", "86400")
        except LabError:
            self.close()
            raise
        self.keep_hardware_address(run("ip", "-4", "-oneline", "address", "show", "to", self.gateway).stdout.split()[1])

    def podman(self, *arguments, check=True):
        return run("podman", "--runtime=runc", *arguments, check=check, env=self.env)

    def close(self):
        super().close()
        self.podman("network", "rm", "--force", self.network, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)


def make_base_image():
    """Debian's minimal system from the mirror that apt uses, where no registry has given an image."""
    if run("buildah", "images", "--quiet", BASE_IMAGE, check=False).returncode == 0:
        return
    sources = run("apt-get", "indextargets", "--format", "$(CODENAME) $(REPO_URI)", "Created-By: Packages").stdout
    mirror = next((line.split()[1] for line in sources.splitlines() if line.startswith("bookworm ")), None)
    if mirror is None or shutil.which("debootstrap") is None:
        raise LabError("there is no base image, and no debootstrap with a mirror of Debian 12 to make one")
    with tempfile.TemporaryDirectory(prefix="lockstep-base-") as folder:
        run("debootstrap", "--variant=minbase", "bookworm", folder, mirror)
        container = run("buildah", "from", "scratch").stdout.strip()
        run("buildah", "add", container, folder, "/")
        run("buildah", "config", "--cmd", "/bin/bash", container)
        run("buildah", "commit", "--rm", container, BASE_IMAGE)


@functools.cache
def build_image():
    """The image of deploy/Containerfile with the programs that scripts/build has made."""
    make_base_image()
    run("buildah", "build", "--pull-never", "--runtime=runc", "--isolation=chroot", "--layers", "--format", "docker",
        "--build-arg", f"BASE={BASE_IMAGE}", "--build-arg", "PREBUILT=yes", "-f", "deploy/Containerfile", "-t", IMAGE, ".",
        cwd=ROOT)


def make_lab():
    wanted = os.environ.get("LOCKSTEP_LAB", "containers namespaces").split()
    reasons = []
    for name, kind in (("containers", ContainerLab), ("namespaces", NamespaceLab)):
        if name not in wanted:
            continue
        try:
            return kind()
        except LabError as error:
            reasons.append(f"no {kind.kind}: {error}")
            print(f"!! {reasons[-1]}", flush=True)
    raise LabError("; ".join(reasons))


def json_status(lab, address):
    """What `lockstep status` says of the coordinator at `address`; None without an answer."""
    result = run(BIN / "lockstep", "status", "--json", address, "--credentials", lab.credentials("operator"), check=False)
    return json.loads(result.stdout) if result.returncode == 0 else None
