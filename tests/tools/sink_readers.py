"""The programs that read what the sinks write, run for real.

A reader is a function of the path that was written to and the names of the variables in there; it
gives back the values that it found, by name. A program that is not there raises Missing.
"""

import base64
import json
import os
import shutil
import subprocess

from compose.config.environment import env_vars_from_file

HERE = os.path.dirname(os.path.abspath(__file__))
# A locale that no reader can take for another encoding than UTF-8.
BARE = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
SKIPPED = 77  # the status of a tool that lacks something


class Missing(Exception):
    """A program that has to read is not there."""


def output_of(command, environment=None, **options):
    """What the command prints. From one that fails, what it did read until then."""
    if not shutil.which(command[0]):
        raise Missing(command[0])
    done = subprocess.run(
        command, env={**BARE, **(environment or {})}, stdin=subprocess.DEVNULL,
        capture_output=True, check=False, **options)
    errors = done.stderr.decode(errors="replace").strip()
    if done.returncode == SKIPPED:
        raise Missing(errors)
    if done.returncode != 0:
        print("%s: status %d: %s" % (command[0], done.returncode, errors[-500:]), flush=True)
    return done.stdout


def variables_in(listing):
    """NAME=value with a NUL after each, as in environ(7), by name; what is not ours is left out."""
    pairs = (entry.partition(b"=") for entry in listing.split(b"\0"))
    return {name.decode(): value for name, _, value in pairs if name.startswith(b"V")}


def dotenv(path, _names):
    """What docker-compose 1.29 calls for its env file. It looks at the environment, too."""
    kept = dict(os.environ)
    os.environ.clear()
    try:
        found = env_vars_from_file(path)
    except ValueError as error:
        print("python-dotenv: %s" % error)
        found = {}
    finally:
        os.environ.update(kept)
    return {name: value.encode() for name, value in found.items() if value is not None}


def docker_host():
    """For a client: the daemon and the image that tests/e2e/docker.bash makes."""
    if "DOCKER_HOST" not in os.environ:
        raise Missing("a Docker daemon")
    return {"DOCKER_HOST": os.environ["DOCKER_HOST"]}


PRINT_ENVIRONMENT = ["cat", "/proc/self/environ"]


def docker_compose(path, names):
    """
    The environment of a service's container, which takes the variables over one by one. (What
    `config` prints will not do: its YAML makes a blank of U+0085.)
    """
    project = path + ".project"
    os.makedirs(project, exist_ok=True)
    service = {"image": "box", "network_mode": "none", "command": PRINT_ENVIRONMENT}
    service["environment"] = {name: "${%s}" % name for name in names}
    with open(os.path.join(project, "docker-compose.yml"), "w", encoding="utf-8") as file:
        # What is JSON is YAML, too.
        json.dump({"version": "3", "services": {"gateway": service}}, file)
    command = ["docker-compose", "--env-file", path, "run", "--rm", "-T", "gateway"]
    return variables_in(output_of(command, docker_host(), cwd=project))


def docker_run(path, _names):
    run = ["docker", "run", "--rm", "--network", "none", "--env-file", path]
    return variables_in(output_of([*run, "box", *PRINT_ENVIRONMENT], docker_host()))


def systemd(path, _names):
    """Nothing where it refuses the file or drops a variable of it."""
    listing = output_of([os.environ["SYSTEMD_ENVIRONMENT"], path])
    return variables_in(listing) if listing.endswith(b"\0=good\0") else {}


PRINT_VARIABLES = """
for name; do
    eval "printf '%s=%s\\0' \\"\\$name\\" \\"\\$$name\\""
done"""


def shell(*command, before=""):
    """
    A shell that sources the file, and then prints the variables named. Were the file wrong, it
    could run what is in the values: it finds no programs, and is where it can spoil nothing.
    """
    script = "PATH=/nowhere; " + before + '. "$1"; shift' + PRINT_VARIABLES

    def read(path, names):
        whole = [*command, "-c", script, "sh", path, *names]
        return variables_in(output_of(whole, cwd=os.path.dirname(path)))

    return read


def bash_substitution(path, names):
    script = """
    directory=$1
    shift
    for name; do
        value=$(<"$directory/$name")
        printf '%s=%s\\0' "$name" "$value"
    done"""
    return variables_in(output_of(["bash", "-c", script, "bash", path, *names]))


def jq(path, names):
    """All of them in base64, and every 100th as a script would ask for it."""
    every = 'to_entries[] | .key + " " + (.value | @base64)'
    lines = output_of(["jq", "-r", every, path]).decode().splitlines()
    pairs = (line.partition(" ") for line in lines)
    found = {name: base64.b64decode(value) for name, _, value in pairs}
    for name in names[::100]:
        found[name] = output_of(["jq", "-j", "." + name, path])
    return found


def python_json(path, _names):
    with open(path, "rb") as file:
        try:
            found = json.load(file)
        except ValueError as error:
            print("Python: %s" % error)
            found = {}
    return {name: value.encode() for name, value in found.items()}


# By format, and with the name that the table gives them.
READERS = {
    "compose": {"python-dotenv": dotenv, "docker-compose": docker_compose},
    "compose-v1": {"python-dotenv": dotenv, "docker-compose": docker_compose},
    "docker": {"docker run": docker_run},
    "systemd": {"load_env_file()": systemd},
    "shell": {
        "dash": shell("dash"),
        "bash": shell("bash"),
        "bash, set -H": shell("bash", before="set -o history; set -H; "),
        "bash --posix": shell("bash", "--posix"),
        "busybox sh": shell("busybox", "sh"),
    },
    "json": {"jq": jq, "python": python_json},
    "secret-file": {"bash $(<FILE)": bash_substitution},
}


def java_properties(directory):
    """The properties that Java finds in the files below, by file; None for a malformed file."""
    quick = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    program = os.path.join(HERE, "ReadProperties.java")
    found = {}
    for line in output_of(["java", *quick, program, directory]).decode().splitlines():
        file, *pair = line.split(" ")
        if pair == ["malformed"]:
            found[file] = None
            continue
        key, value = (bytes.fromhex(part).decode("utf-16-be", "surrogatepass") for part in pair)
        found.setdefault(file, {})[key] = value
    return found


class GnzsnzImage:
    """Makes config.ini files as gnzsnz's image does, and has Java read all of them at the end."""

    def __init__(self, directory):
        self.directory = directory
        os.mkdir(directory)

    def configure(self, label, way, *arguments, environment=None):
        """Run consumer/gnzsnz; its output is `label` in the directory."""
        *before, names = arguments
        out = os.path.join(self.directory, label)
        if way == "files":
            os.mkdir(out)
        script = os.path.join(HERE, "consumer", "gnzsnz")
        output_of([script, way, *before, out, *names], environment)

    def read(self):
        """The settings that Java found, by file."""
        return java_properties(self.directory)
