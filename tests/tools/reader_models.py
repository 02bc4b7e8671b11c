"""Hold the reader models against the readers themselves, by texts of all sorts.

usage: reader_models.py SINK_ROUNDTRIP [SEED]

A model must read a text as its reader does, and refuse it where its reader does. The shell's may
refuse more, since it knows of assignments alone: of the shells only what it reads is asked.

Runs under the Python that docker-compose runs under, since it calls the reader that
docker-compose calls (compose.config.environment, which is python-dotenv).
"""

import logging
import os
import random
import subprocess
import sys
import tempfile

import sink_readers
from compose.config.environment import env_vars_from_file

TEXTS = 20000
FILES = 5000  # texts for readers that want each in a file of its own
FILES_AT_ONCE = 1000
DIFFERENCES_SHOWN = 5
# Pieces that env files are made of, good ones and bad ones.
PIECES = [
    "A", "B", "export ", "export\t", "=", ":", "#", " #", " ", "\t", "\n", "\r\n", "\r", "'", '"',
    "\\", "\\\\", "\\'", '\\"', "\\n", "\\x", "$", "${A}", "${B:-x}", "${", "}", ":-", "$A", "$$",
    "x", "y z", "\u00a0", "\u2028", "\u00e9", "\x1c", "\x0b", "\x85", "\ufeff", "A=", "\nB='",
    "=\"",
]
# Pieces of one value, and beside them what stands around it.
IN_VALUES = [
    "x", "y z", " ", "\t", "'", "'", '"', '"', "\\", "\\\\", "\\'", '\\"', "\\n", "\\t", "\\\n",
    "\\ ", "\\$", "\\`", "\\u00e9", "\\u20ac", "\\uZ", "\\f", "\\r", "#", " #", ";", "=", ":",
    "!", "&", "|", "~", "*", "%", "é", "€", "😀", "\x01", "\x7f", "\u00a0", "''", '""', "'a b'",
    '"a b"', "$", "${A}", "`", "\r", "\x0c", "\ufffe",
]
BEFORE_VALUES = [
    "", "", "", "", " ", "\t", "export ", "# ", "!", ";", "\\", "'", "\n", "\n\n", "x\n", "\x0c",
]
BETWEEN = ["=", "=", "=", "=", "=", " = ", "= ", "=\\\n", ":", " ", "==", "=\t"]


class Tally:
    def __init__(self):
        self.failed = 0

    def check(self, holds, what):
        self.failed += not holds
        print(("ok" if holds else "not ok") + " - " + what, flush=True)


class Warnings(logging.Handler):
    """Counts what a library warns of."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def emit(self, record):
        self.count += 1


def random_text(rng):
    return "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 14))).encode()


def random_part(rng):
    quote = rng.choice(["", "'", '"'])
    return quote + "".join(rng.choice(IN_VALUES) for _ in range(rng.randint(0, 4))) + quote


def random_line(rng):
    value = "".join(random_part(rng) for _ in range(rng.randint(0, 3)))
    return rng.choice(BEFORE_VALUES) + rng.choice("AB") + rng.choice(BETWEEN) + value


def random_lines(rng):
    """A file of a few variables, more or less."""
    text = "\n".join(random_line(rng) for _ in range(rng.randint(1, 3))) + rng.choice(["", "\n"])
    return text.encode()


def read_by_model(tool, reader, texts):
    """For each text what it is read as, or None where it is refused."""
    done = subprocess.run([tool, "read", reader], text=True, check=True, stdout=subprocess.PIPE,
                          input="".join(text.hex() + "\n" for text in texts))
    for line in done.stdout.split("\n")[:-1]:
        yield None if line == "refused" else variables_of(line)


def variables_of(line):
    variables = {}
    for pair in line.split():
        # A pair with nothing before its "=" cannot come from v1: it takes no empty name.
        name, equals, value = pair.partition("=")
        variables[bytes.fromhex(name)] = bytes.fromhex(value) if equals else None
    return variables


def encoded(variables):
    return {name.encode(): None if value is None else value.encode()
            for name, value in variables.items()}


def read_by_compose(texts):
    """The variables that docker-compose finds, or None where it fails or skips a line."""
    warnings = Warnings()
    logger = logging.getLogger("dotenv.main")
    logger.addHandler(warnings)
    logger.propagate = False
    with tempfile.NamedTemporaryFile() as file:
        for text in texts:
            file.seek(0)
            file.truncate()
            file.write(text)
            file.flush()
            warnings.count = 0
            try:
                variables = env_vars_from_file(file.name)
            except ValueError:
                variables = None
            yield None if variables is None or warnings.count else encoded(variables)


def in_files(texts, directory):
    """Put each text into a file. Returns their paths."""
    paths = []
    for index, text in enumerate(texts):
        paths.append(os.path.join(directory, "%05d" % index))
        with open(paths[-1], "wb") as file:
            file.write(text)
    return paths


def entries_by_file(command, paths, end_of_file, **options):
    """What the command prints, with a NUL after each entry, for each of the files it is given."""
    for start in range(0, len(paths), FILES_AT_ONCE):
        listing = sink_readers.output_of([*command, *paths[start:start + FILES_AT_ONCE]], **options)
        entries = []
        for entry in listing.split(b"\0")[:-1]:
            if entry in end_of_file:
                yield entries if end_of_file[entry] else None
                entries = []
            else:
                entries.append(entry.partition(b"=")[::2])


def read_by_systemd(texts):
    with tempfile.TemporaryDirectory() as directory:
        command = [os.environ["SYSTEMD_ENVIRONMENT"]]
        ends = {b"=good": True, b"=bad": False}
        for entries in entries_by_file(command, in_files(texts, directory), ends):
            yield None if entries is None else dict(entries)


def read_by_java(texts):
    """None, too, for what no environment can hold, and what UTF-8 has no bytes for."""
    with tempfile.TemporaryDirectory() as directory:
        paths = in_files(texts, directory)
        found = sink_readers.java_properties(directory)
    for path in paths:
        properties = found.get(os.path.basename(path), {})
        try:
            variables = None if properties is None else encoded(properties)
        except UnicodeEncodeError:
            variables = None
        held = variables is not None and b"\0" not in b"".join([*variables, *variables.values()])
        yield variables if held else None


def read_by_shell(*shell):
    """A and B, where they are set, after the file. See sink_readers.shell()."""
    script = """
    PATH=/nowhere
    for file; do
        (. "$file"; printf '%s\\0' ${A+"A=$A"} ${B+"B=$B"})
        printf '=end\\0'
    done"""

    def read(texts):
        with tempfile.TemporaryDirectory() as directory:
            paths = in_files(texts, directory)
            command = [*shell, "-c", script, "sh"]
            for entries in entries_by_file(command, paths, {b"=end": True}, cwd=directory):
                yield dict(pair for pair in entries if pair[0])

    return read


def trimmed(variables):
    """As String.trim() leaves the values."""
    blank = bytes(range(0x21))
    return variables and {name: value.strip(blank) for name, value in variables.items()}


def check_model(tally, title, texts, by_model, by_reader):
    """The two read each text alike, and enough of them."""
    compared = list(zip(texts, by_model, by_reader, strict=True))
    differing = [each for each in compared if each[1] != each[2]]
    for text, model, real in differing[:DIFFERENCES_SHOWN]:
        print("# %r: reader %r, model %r" % (text, real, model))
    read = sum(real is not None for _, _, real in compared)
    print("# %s: %d texts read, %d refused, %d differing"
          % (title, read, len(texts) - read, len(differing)))
    tally.check(not differing, "the model reads as %s" % title)
    tally.check(read >= 0.1 * len(texts), "many of the random texts are readable to %s" % title)


def check_shells(tally, tool, texts):
    """Of the shells is asked only what the model reads, and of that A and B."""
    readings = zip(texts, read_by_model(tool, "shell", texts), strict=True)
    kept = [(text, model) for text, model in readings if model and {*model} <= {b"A", b"B"}]
    texts_read = [text for text, _ in kept]
    models = [model for _, model in kept]
    for shell in (["dash"], ["bash"], ["bash", "--posix"], ["busybox", "sh"]):
        check_model(tally, " ".join(shell), texts_read, models, read_by_shell(*shell)(texts_read))
    tally.check(len(kept) >= 0.05 * len(texts), "many of the random texts are readable to the model")


def checks(tally, tool, rng):
    """What there is to check, as functions."""
    texts = [random_text(rng) for _ in range(TEXTS)]
    lines = [random_lines(rng) for _ in range(FILES)]
    mixed = lines + texts[:FILES]
    yield lambda: check_model(tally, "docker-compose", texts,
                              read_by_model(tool, "compose-v1", texts),
                              read_by_compose(texts))
    yield lambda: check_model(tally, "systemd", mixed,
                              read_by_model(tool, "systemd", mixed), read_by_systemd(mixed))
    yield lambda: check_model(tally, "Java", mixed,
                              map(trimmed, read_by_model(tool, "properties", mixed)),
                              read_by_java(mixed))
    yield lambda: check_shells(tally, tool, lines)


def main():
    tool = os.path.abspath(sys.argv[1])
    seed = sys.argv[2] if len(sys.argv) > 2 else "20261122"
    print("# seed %s" % seed)
    # python-dotenv looks at the environment too; the model's is empty.
    needed = {name: os.environ[name] for name in ("PATH", "SYSTEMD_ENVIRONMENT")}
    os.environ.clear()
    os.environ.update(needed)

    tally = Tally()
    for check in checks(tally, tool, random.Random(seed)):
        try:
            check()
        except sink_readers.Missing as missing:
            print("ok - what is missing is not asked # SKIP %s" % missing)
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
