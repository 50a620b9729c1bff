"""The places where containers live: podman with crun, containerd with runc under systemd, and the same with plain cgroupfs."""

import atexit
import pathlib
import secrets
import subprocess

from harness import CGROUPS, DEMO, MIB, PATIENT_DEADLINE_MS, SOURCE, Container, run, wait_until

FOLDER = pathlib.Path("/run/fuyun-test-containerd")
ROOT = FOLDER / "rootfs"


def prepare_containerd():
    """Starts containerd, and makes a root file system for its containers: this machine's own under an overlay."""
    run("systemctl", "start", "containerd.service", timeout=180)
    if not ROOT.is_mount():
        for name in ("upper", "work", "rootfs"):
            (FOLDER / name).mkdir(parents=True, exist_ok=True)
        # The upper layer cannot lie on an overlay or below the lower one, so it has a file system of its own.
        run("mount", "-t", "tmpfs", "-o", "size=64m", "fuyun-test", str(FOLDER))
        for name in ("upper", "work", "rootfs"):
            (FOLDER / name).mkdir(parents=True, exist_ok=True)
        run("mount", "-t", "overlay", "overlay", "-o", f"lowerdir=/,upperdir={FOLDER}/upper,workdir={FOLDER}/work", str(ROOT))
        atexit.register(lambda: subprocess.run(["umount", "-l", str(ROOT), str(FOLDER)], check=False))


class ContainerdContainer(Container):
    """A function in a containerd container, in the cgroup that Kubernetes would give it."""

    systemd = True

    def __init__(self, program="allocator", function=None, memory=512 * MIB, identity=None, pod=None):
        prepare_containerd()
        self.port = next(Container.ports)
        self.id = identity or secrets.token_hex(32)
        self.name = f"fuyun-test-{program}-{self.port}"
        self.function = function or f"test/{self.name}"
        self.sequence = 0
        self.memory = memory
        self.pod = pod or f"{secrets.token_hex(4)}-0000-4000-8000-{secrets.token_hex(6)}"
        command = [
            "ctr", "run", "--detach", "--net-host", "--rootfs", "--memory-limit", str(memory), *self.placement(),
            "--mount", "type=bind,src=/run/fuyun,dst=/run/fuyun,options=rbind:rw",
            "--mount", f"type=bind,src={SOURCE},dst={SOURCE},options=rbind:ro",
            "--mount", "type=bind,src=/var/tmp,dst=/var/tmp,options=rbind:rw",  # a disk; the overlay's upper layer is memory
            "--env", f"PORT={self.port + 1}", str(ROOT), self.id,
            "/usr/bin/fuyun-shim", "http", "--listen", f"127.0.0.1:{self.port}", "--upstream", f"127.0.0.1:{self.port + 1}",
            "--agent-deadline", str(PATIENT_DEADLINE_MS), "--", "python3", "-u", str(DEMO / f"{program.replace('-', '_')}.py"),
        ]
        run(*command, timeout=240)
        Container.live.append(self)
        self.pid = int(next(line.split()[1] for line in run("ctr", "tasks", "ls").splitlines() if line.startswith(self.id)))
        self.path = self.cgroup_of(self.pid)
        wait_until(self.accepts, 120, 0.2, f"{self.name} to listen")
        self.init()

    def placement(self):
        slice_name = f"kubepods-burstable-pod{self.pod.replace('-', '_')}.slice"
        return ["--runc-systemd-cgroup", "--cgroup", f"{slice_name}:cri-containerd:{self.id}"]

    def is_running(self):
        return any(line.startswith(self.id) and "RUNNING" in line for line in run("ctr", "tasks", "ls").splitlines())

    def logs(self):
        return f"(no logs of {self.name})"

    def remove(self):
        run("ctr", "tasks", "kill", "--signal", "SIGKILL", self.id, check=False, timeout=60)
        run("ctr", "tasks", "rm", "--force", self.id, check=False, timeout=60)
        run("ctr", "containers", "rm", self.id, check=False, timeout=60)
        wait_until(lambda: not self.path.exists(), 30, what=f"{self.path} to go")
        if self in Container.live:
            Container.live.remove(self)


class CgroupfsContainer(ContainerdContainer):
    """The same without systemd: the runtime makes the directories itself."""

    systemd = False

    def placement(self):
        return ["--cgroup", f"/kubepods/burstable/pod{self.pod}/{self.id}"]


class PodmanContainer(Container):
    """podman with crun, under systemd."""

    systemd = True


def parent_limit(container):
    """The file with the limit of the level above the container's own (a pod's, under Kubernetes)."""
    path = container.path.parent if container.path.name == "container" else container.path
    parent = path.parent
    assert parent != CGROUPS, f"{container.path} lies at the top of the tree"
    return parent / "memory.max"
