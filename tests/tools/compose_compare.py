#!/usr/bin/python3
"""Hold what ibc_compose_load() understood against the real docker-compose 1.29.

    compose_compare.py COMPOSE_DUMP [FILE...]

Run in the project's directory. Prints what differs and exits 1, or exits 0. (The interpreter is
Debian's own, which has PyYAML because docker-compose needs it.)
"""

import json
import os
import subprocess
import sys

import yaml


def real(files):
    words = ["docker-compose"]
    for name in files:
        words += ["-f", name]
    text = subprocess.run(words + ["config"], check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout
    return yaml.safe_load(text)


def ours(dump, files):
    return json.loads(subprocess.run([dump, *files], check=True, stdout=subprocess.PIPE).stdout)


def undollar(value):
    """`config` doubles each dollar sign."""
    return "" if value is None else str(value).replace("$$", "$")


def text(node):
    return None if node is None else node["value"]


def real_ports(ports):
    found = set()
    for port in ports:
        if isinstance(port, dict):
            found.add((port.get("external_ip", ""), int(port.get("published") or 0),
                       int(port["target"]), port.get("protocol", "tcp") == "udp"))
            continue
        rest, _, protocol = str(port).partition("/")
        rest, _, target = rest.rpartition(":")
        host, _, published = rest.rpartition(":")
        found.add((host.strip("[]"), int(published or 0), int(target), protocol == "udp"))
    return found


def our_ports(ports):
    """docker-compose writes a range out."""
    found = set()
    for port in ports:
        (first, last), (target, target_last) = port["published"], port["target"]
        for i in range(target_last - target + 1):
            found.add((port["host"], first + i if first else 0, target + i, port["udp"]))
    return found


def is_path(source):
    return source[:1] in ("/", ".", "~")


def absolute(source):
    if not is_path(source):
        return source
    return os.path.normpath(os.path.join(os.getcwd(), os.path.expanduser(source)))


def real_mounts(service):
    found = set()
    for mount in service.get("volumes", []):
        if isinstance(mount, dict):
            found.add((undollar(mount.get("source", "")), undollar(mount["target"]),
                       bool(mount.get("read_only"))))
            continue
        parts = undollar(mount).split(":")
        if len(parts) == 1:
            found.add(("", parts[0], False))
        else:
            found.add((parts[0], parts[1], "ro" in parts[2].split(",") if parts[2:] else False))
    tmpfs = service.get("tmpfs", [])
    for mount in [tmpfs] if isinstance(tmpfs, str) else tmpfs:
        found.add(("tmpfs", undollar(mount).split(":")[0], False))
    return found


def our_mounts(mounts):
    return {("tmpfs" if m["type"] == "tmpfs" else absolute(m["source"]), m["target"],
             m["read_only"]) for m in mounts}


def real_secrets(secrets):
    return {(s["source"], s.get("target", s["source"])) if isinstance(s, dict) else (s, s)
            for s in secrets}


def service_pairs(real_one, our_one):
    for key in ("image", "container_name", "restart", "user", "network_mode",
                "stop_grace_period"):
        theirs = real_one.get(key)
        yield key, None if theirs is None else undollar(theirs), text(our_one[key])
    policy = real_one.get("deploy", {}).get("restart_policy", {})
    yield "condition", policy.get("condition"), text(our_one["deploy_restart"])
    yield ("environment",
           {name: undollar(value) for name, value in real_one.get("environment", {}).items()},
           {name: one["value"] for name, one in our_one["environment"].items()})
    yield "ports", real_ports(real_one.get("ports", [])), our_ports(our_one["ports"])
    yield "mounts", real_mounts(real_one), our_mounts(our_one["mounts"])
    yield "networks", set(real_one.get("networks", {})), {text(n) for n in our_one["networks"]}
    yield ("secrets", real_secrets(real_one.get("secrets", [])),
           {(text(s), s["target"]) for s in our_one["secrets"]})
    yield "profiles", set(real_one.get("profiles", [])), {text(n) for n in our_one["profiles"]}


def project_pairs(theirs, mine):
    yield "services", set(theirs["services"]), set(mine["services"])
    for name in set(theirs["services"]) & set(mine["services"]):
        for key, a, b in service_pairs(theirs["services"][name], mine["services"][name]):
            yield f"{name}.{key}", a, b
    binding = "com.docker.network.bridge.host_binding_ipv4"
    for name, network in theirs.get("networks", {}).items():
        a = (network or {}).get("driver_opts", {}).get(binding)
        yield f"network {name}", a, text(mine["networks"].get(name, {}).get("host_binding"))
    for name, secret in theirs.get("secrets", {}).items():
        if "file" in secret:
            yield f"secret {name}", undollar(secret["file"]), absolute(
                text(mine["secrets"][name]["file"]))


def main():
    dump, files = sys.argv[1], sys.argv[2:]
    status = 0
    for what, theirs, mine in project_pairs(real(files), ours(dump, files)):
        if theirs != mine:
            print(f"{what}:\n  docker-compose {theirs}\n  here           {mine}")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
