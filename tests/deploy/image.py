"""Runs deploy/Dockerfile where no container engine can run, and uses the service that comes out of it.

Every stage is a folder that holds a Debian system made with mmdebstrap (that of the official images, with Debian's own
Python in place of theirs); ``RUN`` is a shell in it. Then ``CMD`` runs as ``USER``, as process 1 of its own process
namespace: it must answer by the health check and by a learned router, keep its state and end on SIGTERM.

    python tests/deploy/image.py --bundle BUNDLE      as root, with mmdebstrap; what it needs is in DEPLOY_VENV
"""

import argparse
import hashlib
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from docker.utils.build import exclude_paths
from dockerfile_parse import DockerfileParser

SOURCE = Path(__file__).parents[2]
DOCKERFILE = SOURCE / "deploy" / "Dockerfile"
SUITE = "trixie"
KEY = "a key of this test"
# What a build gets from the machine that it runs on: certificates, names of hosts and where pip looks.
_FROM_HOST = ("/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PATIENCE = 60.0


@dataclass
class Stage:
    """A file system and what the instructions said of it."""

    root: Path
    env: dict[str, str] = field(default_factory=lambda: {"PATH": _PATH})
    user: str = "0"
    folder: str = "/"
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)

    def inside(self, command: Sequence[str], more: Mapping[str, str] | None = None) -> list[str]:
        """``command`` as the user of this stage, in its folder, as process 1 that dies with its parent."""
        namespace = ["unshare", "--mount", "--pid", "--fork", "--kill-child", f"--mount-proc={self.root}/proc"]
        change = ["chroot", f"--userspec={self.user}:{self.user}", str(self.root)]
        env = [f"{name}={value}" for name, value in (self.env | dict(more or {})).items()]
        return [*namespace, *change, "env", "--ignore-environment", f"--chdir={self.folder}", *env, *command]


def build(base: Path, scratch: Path) -> Stage:
    """The last stage of the Dockerfile."""
    stages: dict[str, Stage] = {}
    stage = None
    arguments: dict[str, str] = {}
    for line in DockerfileParser(fileobj=DOCKERFILE.open("rb")).structure:
        name, value = line["instruction"], line["value"]
        if name == "COMMENT":
            continue
        print(f"{name} {value[:100]}", flush=True)
        if name == "FROM":
            root = scratch / f"stage{len(stages)}"
            subprocess.run(["cp", "--archive", "--reflink=auto", str(base), str(root)], check=True)
            stage, arguments = Stage(root), {}
            stages[value.split(" AS ")[-1]] = stage
        elif stage is None:
            raise SystemExit(f"{name} comes before FROM")
        elif name == "ARG":
            arguments.update([value.split("=", 1)])
        else:
            _follow(stage, name, value, arguments, stages)
    assert stage is not None
    return stage


def _follow(stage: Stage, name: str, value: str, arguments: Mapping[str, str], stages: Mapping[str, Stage]) -> None:
    if name == "COPY":
        _copy(stage, value, stages)
    elif name == "RUN":
        pip = {name: text for name, text in os.environ.items() if name.startswith("PIP_")}
        command = ["sh", "-c", " ".join(value.split("\\\n"))]
        subprocess.run(stage.inside(command, {"HOME": "/root", **pip, **arguments}), check=True)
    elif name == "USER":
        stage.user = value
    elif name == "WORKDIR":
        stage.folder = value
    elif name == "ENV":
        for pair in shlex.split(value):
            variable, text = pair.split("=", 1)
            stage.env[variable] = text.replace("$PATH", stage.env["PATH"])
    elif name == "HEALTHCHECK":
        stage.health = json.loads(value[value.index("CMD") + 3 :])
    elif name == "CMD":
        stage.command = json.loads(value)
    elif name not in ("VOLUME", "EXPOSE"):
        raise SystemExit(f"no rule for {name}: add it to {__file__}")


def _copy(stage: Stage, value: str, stages: Mapping[str, Stage]) -> None:
    *options, source, target = value.split()
    goal = stage.root / target.lstrip("/")
    if options:
        origin = stages[options[0].removeprefix("--from=")].root / source.lstrip("/")
        shutil.copytree(origin, goal, symlinks=True)
        return
    ignored = DOCKERFILE.with_name("Dockerfile.dockerignore").read_text(encoding="utf-8").split("\n")
    for name in exclude_paths(str(SOURCE / source), [line for line in ignored if line]):
        path = SOURCE / source / name
        if path.is_symlink() or path.is_file():
            (goal / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, goal / name, follow_symlinks=False)


def make_base(scratch: Path) -> Path:
    """A small Debian with Python, what the official image starts from."""
    base = scratch / "base"
    include = "--include=python3,python3-venv,ca-certificates,passwd"
    subprocess.run(["mmdebstrap", "--quiet", "--variant=apt", include, SUITE, str(base)], check=True)
    for name in _FROM_HOST:
        if Path(name).exists():
            shutil.copy2(name, base / name.lstrip("/"))
    (base / "usr/local/bin/python").symlink_to("/usr/bin/python3")
    return base


def use(stage: Stage, bundle: Path) -> None:
    """The service as ``docker run`` starts it: a port of the host, a key, and the bundle as a read-only volume."""
    shutil.copytree(bundle, stage.root / "bundle")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    settings = {"TIERWISE_PORT": str(port), "TIERWISE_KEYS": f"route+report:{digest}", "TIERWISE_BUNDLE": "/bundle"}
    process = subprocess.Popen(stage.inside(stage.command, settings))
    try:
        _wait_until_healthy(stage, process, port, settings)
        service = _first_child(process.pid)
        _expect(_user_of(service) == stage.user != "0", f"the service runs as user {stage.user}")
        step = {"text": "Extract the order number from: order 4711 shipped.", "task_type": "extract"}
        status, decided = _ask(port, "/route", {"step": step})
        _expect(status == 200 and decided["policy"] != "rules", f"/route decides by the bundle: {decided}")
        outcome = {"decision_id": decided["decision_id"], "tier": decided["tier"], "success": True}
        _expect(_ask(port, "/outcomes", outcome)[0] == 200, "an outcome is taken")
        _expect(_ask(port, "/route", {"step": step}, key="another")[0] == 401, "another key is refused")
        os.kill(service, signal.SIGTERM)
        _expect(process.wait(_PATIENCE) in (0, -signal.SIGTERM), "SIGTERM ends it")
    finally:
        process.kill()
    kept = {path.name for path in (stage.root / "state").rglob("*") if path.is_file() and not path.name.startswith(".")}
    _expect({name.split("-")[0] for name in kept} == {"decisions.db"}, f"/state keeps the log, nothing else: {kept}")
    for absent in ("pip", "gcc", "lightgbm", "torch", "sklearn"):
        found = [*stage.root.glob(f"opt/tierwise/bin/{absent}"), *stage.root.glob(f"usr/bin/{absent}"),
                 *stage.root.glob(f"opt/tierwise/lib/*/site-packages/{absent}")]  # fmt: skip
        _expect(not found, f"no {absent} in the image")


def _wait_until_healthy(stage: Stage, process: "subprocess.Popen[bytes]", port: int, settings: dict[str, str]) -> None:
    until = time.monotonic() + _PATIENCE
    while subprocess.run(stage.inside(stage.health, settings), stderr=subprocess.DEVNULL).returncode != 0:
        if process.poll() is not None or time.monotonic() > until:
            raise SystemExit(f"the health check never passed on port {port}")
        time.sleep(0.5)
    print("ok  the health check passes")


def _first_child(pid: int) -> int:
    """The process that the namespace was made for."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()[0])


def _user_of(pid: int) -> str:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(line.split()[1] for line in lines if line.startswith("Uid:"))


def _ask(port: int, path: str, body: object, key: str = KEY) -> tuple[int, dict[str, object]]:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        return refused.code, {}


def _expect(holds: bool, what: str) -> None:
    if not holds:
        raise SystemExit(f"not so: {what}")
    print(f"ok  {what}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bundle", type=Path, required=True, help="a trained bundle, which the service is to serve")
    bundle = parser.parse_args().bundle
    if os.geteuid() != 0 or shutil.which("mmdebstrap") is None:
        sys.exit("the image is tried as root, with mmdebstrap (apt-get install mmdebstrap)")
    with TemporaryDirectory(prefix="tierwise-image-") as name:
        base = make_base(Path(name))
        use(build(base, Path(name)), bundle)


if __name__ == "__main__":
    main()
