"""Hold the sink and the reader model of docker-compose v1 against docker-compose itself.

usage: compose_roundtrip.py SINK_ROUNDTRIP [SEED]

Runs under the Python that docker-compose runs under, since it calls the reader that
docker-compose calls (compose.config.environment, which is python-dotenv).
"""

import logging
import os
import random
import subprocess
import sys
import tempfile

import yaml
from compose.config.environment import env_vars_from_file

PASSWORDS = 2000
TEXTS = 20000
LENGTHS = range(6, 41)
PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
HEAVY = "\\$\"'#!=&% "
AWKWARD_ENDS = ["\\", "'", '"', "\\\\", "$", "\\'", '\\"', "${", "}"]
# Pieces that env files are made of, good ones and bad ones.
PIECES = [
    "A", "B", "export ", "export\t", "=", ":", "#", " #", " ", "\t", "\n", "\r\n", "\r", "'", '"',
    "\\", "\\\\", "\\'", '\\"', "\\n", "\\x", "$", "${A}", "${B:-x}", "${", "}", ":-", "$A", "$$",
    "x", "y z", "\u00a0", "\u2028", "\u00e9", "\x1c", "\x0b", "\x85", "\ufeff", "A=", "\nB='", "=\"",
]


class Tally:
    def __init__(self):
        self.passed = 0
        self.failed = 0

    def check(self, holds, what):
        if holds:
            self.passed += 1
        else:
            self.failed += 1
        print(("ok" if holds else "not ok") + " - " + what, flush=True)


class Warnings(logging.Handler):
    """Counts what a library warns of."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def emit(self, record):
        self.count += 1


def random_password(rng):
    length = rng.choice(LENGTHS)
    password = "".join(rng.choice(HEAVY if rng.random() < 0.6 else PRINTABLE) for _ in range(length))
    if rng.random() < 0.3:
        end = rng.choice(AWKWARD_ENDS)
        password = password[: length - len(end)] + end
    return password


def to_hex_lines(values):
    return "".join(value.encode().hex() + "\n" for value in values)


def compose_file(names):
    services = {"gateway": {"image": "none", "environment": {n: "${%s}" % n for n in names}}}
    return yaml.safe_dump({"version": "3", "services": services})


def values_seen_by_compose(directory, env_file, names):
    """What `docker-compose config` makes of the variables. It prints each "$" as "$$"."""
    with open(os.path.join(directory, "docker-compose.yml"), "w") as file:
        file.write(compose_file(names))
    output = subprocess.run(
        ["docker-compose", "--env-file", env_file, "config"],
        cwd=directory, env={"PATH": os.environ["PATH"]}, check=True, capture_output=True,
    ).stdout
    environment = yaml.safe_load(output)["services"]["gateway"]["environment"]
    return {name: value.replace("$$", "$") for name, value in environment.items()}


def check_passwords(tally, tool, form, passwords):
    with tempfile.TemporaryDirectory() as directory:
        env_file = os.path.join(directory, "values.env")
        refused = subprocess.run(
            [tool, "write", form, env_file],
            input=to_hex_lines(passwords), text=True, check=True, capture_output=True,
        ).stdout.splitlines()
        refused_names = {line.split()[0] for line in refused}
        expected = {"V%04d" % (i + 1): password for i, password in enumerate(passwords)}
        names = [name for name in expected if name not in refused_names]
        seen = values_seen_by_compose(directory, env_file, names)
    altered = [name for name in names if seen.get(name) != expected[name]]
    print("# %s: %d carried, %d refused, %d altered"
          % (form, len(names) - len(altered), len(refused_names), len(altered)))
    tally.check(not altered, "docker-compose reads no %s value altered" % form)
    tally.check(len(names) >= 0.99 * len(passwords), "%s carries nearly every password" % form)


def random_text(rng):
    return "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 14)))


def read_by_compose(path, warnings):
    """The variables that docker-compose finds, or None where it fails or skips a line."""
    warnings.count = 0
    try:
        variables = env_vars_from_file(path)
    except (UnicodeDecodeError, ValueError):
        return None
    return None if warnings.count else dict(variables)


def read_by_model(line):
    if line == "refused":
        return None
    variables = {}
    for pair in line.split():
        # A pair with nothing before its "=" cannot come from v1: it takes no empty name.
        name, equals, value = pair.partition("=")
        variables[bytes.fromhex(name).decode()] = bytes.fromhex(value).decode() if equals else None
    return variables


def check_model(tally, tool, texts):
    warnings = Warnings()
    logger = logging.getLogger("dotenv.main")
    logger.addHandler(warnings)
    logger.propagate = False
    lines = subprocess.run(
        [tool, "read", "v1"], input=to_hex_lines(texts), text=True, check=True, capture_output=True,
    ).stdout.splitlines()
    differing = []
    read = 0
    with tempfile.NamedTemporaryFile() as file:
        for text, line in zip(texts, lines):
            file.seek(0)
            file.truncate()
            file.write(text.encode())
            file.flush()
            real = read_by_compose(file.name, warnings)
            read += real is not None
            if real != read_by_model(line):
                differing.append((text, real, line))
    for text, real, line in differing[:5]:
        print("# %r: docker-compose %r, model %r" % (text, real, read_by_model(line)))
    print("# texts: %d read, %d refused, %d differing" % (read, len(texts) - read, len(differing)))
    tally.check(len(lines) == len(texts) and not differing, "the model of v1 reads as python-dotenv")
    tally.check(read >= 0.1 * len(texts), "many of the random texts are readable")


def main():
    tool = os.path.abspath(sys.argv[1])
    seed = sys.argv[2] if len(sys.argv) > 2 else "20261122"
    rng = random.Random(seed)
    print("# seed %s" % seed)
    # python-dotenv looks at the environment too; the model's is empty.
    path = os.environ["PATH"]
    os.environ.clear()
    os.environ["PATH"] = path

    tally = Tally()
    passwords = [random_password(rng) for _ in range(PASSWORDS)]
    check_passwords(tally, tool, "compose", passwords)
    check_passwords(tally, tool, "compose-v1", passwords)
    check_model(tally, tool, [random_text(rng) for _ in range(TEXTS)])
    print("%d passed, %d failed" % (tally.passed, tally.failed))
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
