"""Hold what the sinks write against the programs that read it.

usage: sink_delivery.py SINK_ROUNDTRIP FORMAT CONSUMER

Writes 10,000 values by the library and has every real reader of FORMAT read the files; for gnzsnz's
image what was read goes on through the programs in there, for an unknown one it must come out right
with them and without. Prints a row for each way with the number of values that were delivered byte
for byte, refused, and altered. Status 1: a value was altered, one was refused that can be carried,
one carried that cannot, or a refusal does not name the field. Status 77: a reader is missing.
SEED=… makes other values, COUNT=… more or fewer.

Runs under the Python that docker-compose runs under, whose reader it calls.
"""

import os
import random
import subprocess
import sys
import tempfile

import sink_readers
import sink_values

SEED = os.environ.get("SEED", "20261122")
COUNT = int(os.environ.get("COUNT", "10000"))
BATCH = 2500  # values a file
ALONE = 50  # of a batch also go alone through what else is run for the whole batch
FAULTS_SHOWN = 10
# What a config.ini says beside the credentials; see consumer/config.ini.tmpl.
NEIGHBOURS = {"FIX": "no", "FIXLoginId": "", "TradingMode": "paper", "ReadOnlyLogin": "no"}
CREDENTIALS = ("IbLoginId", "IbPassword")
EVERY_SETTING = (*NEIGHBOURS, *CREDENTIALS)


class Tally:
    """What became of the values on one way."""

    def __init__(self, title):
        self.title = title
        self.delivered = 0
        self.refused = 0
        self.altered = 0
        self.faults = []

    def compare(self, name, sealed, found):
        if found == sealed.encode():
            self.delivered += 1
        else:
            self.altered += 1
            self.faults.append("%s, sealed as %r, is read as %r" % (name, sealed.encode(), found))

    def row(self):
        return "%-42s %6d delivered %6d refused %6d altered" % (
            self.title, self.delivered, self.refused, self.altered)


class Batch:
    """Some of the values, written to one path by the library."""

    def __init__(self, tool, form, consumer, path, values):
        self.path = path
        self.label = os.path.basename(path)
        self.sealed = {"V%04d" % (index + 1): value for index, value in enumerate(values)}
        if form == "secret-file":
            os.mkdir(path)
        done = subprocess.run(
            [tool, "write", form, consumer, path], text=True, check=True, stdout=subprocess.PIPE,
            input="".join(value.encode().hex() + "\n" for value in values))
        pairs = (line.partition(" ") for line in done.stdout.split("\n") if line)
        self.refused = {name: sentence for name, _, sentence in pairs}
        self.names = [name for name in self.sealed if name not in self.refused]

    def misjudged(self, form, consumer):
        """Values refused or carried that should not be; sentences that say too little or much."""
        for name, value in self.sealed.items():
            sentence = self.refused.get(name)
            carried = sink_values.must_be_carried(form, consumer, value)
            if carried is not None and carried != (sentence is None):
                verdict = "carried, not refused" if carried else "refused, not carried"
                yield "%s must be %s: %r" % (name, verdict, value.encode())
            if sentence and name not in sentence:
                yield "%s is not named by its refusal: %s" % (name, sentence)
            if sentence and len(value) > 5 and value in sentence:
                yield "%s is told by its refusal: %s" % (name, sentence)


def write_batches(tool, form, consumer, directory):
    values = sink_values.make_values(random.Random(SEED), COUNT)
    for start in range(0, COUNT, BATCH):
        path = os.path.join(directory, "batch%03d" % (start // BATCH))
        yield Batch(tool, form, consumer, path, values[start:start + BATCH])


def through_reader(form, title, batches):
    tally = Tally("%s: %s" % (form, title))
    for batch in batches:
        found = sink_readers.READERS[form][title](batch.path, batch.names)
        tally.refused += len(batch.refused)
        for name in batch.names:
            tally.compare(name, batch.sealed[name], found.get(name))
    return tally


def compare_settings(tally, settings, batch, names):
    """Both credentials are right, the settings beside them untouched, and nothing else is there."""
    settings = dict(settings or {})
    for name in names:
        own = {key: settings.pop("%s.%s" % (key, name), None) for key in EVERY_SETTING}
        login, password = (own.pop(key) for key in CREDENTIALS)
        same = own == NEIGHBOURS and login == password and password is not None
        found = password.encode(errors="surrogatepass") if same else repr((login, password, own))
        tally.compare(name, batch.sealed[name], found)
    tally.faults += ["nobody wrote the setting " + key for key in settings]


def through_image(form, title, batches, directory):
    """All values of a batch go through gnzsnz's image at once."""
    tally = Tally("%s: %s, envsubst, Java" % (form, title))
    image = sink_readers.GnzsnzImage(directory)
    for batch in batches:
        if form == "secret-file":
            image.configure(batch.label, "batch", batch.path, batch.names)
        else:
            found = sink_readers.READERS[form][title](batch.path, batch.names)
            image.configure(batch.label, "environment", list(found), environment=found)
    settings = image.read()
    for batch in batches:
        tally.refused += len(batch.refused)
        compare_settings(tally, settings.get(batch.label), batch, batch.names)
    return tally


def alone_through_image(batches, directory):
    """Some secret files go through gnzsnz's image by themselves."""
    tally = Tally("secret-file: the same, one at a time")
    image = sink_readers.GnzsnzImage(directory)
    for batch in batches:
        image.configure(batch.label, "files", batch.path, batch.names[:ALONE])
    settings = image.read()
    for batch in batches:
        for name in batch.names[:ALONE]:
            compare_settings(tally, settings.get(batch.label + "/" + name), batch, [name])
    return tally


def ways(form, consumer, batches, directory):
    """What has to be run, as functions that each return a tally."""
    titles = list(sink_readers.READERS[form])
    image = os.path.join(directory, "image")
    if consumer != "gnzsnz":
        for title in titles:
            yield lambda title=title: through_reader(form, title, batches)
    if consumer in ("gnzsnz", "unknown"):
        yield lambda: through_image(form, titles[0], batches, image)
    if (form, consumer) == ("secret-file", "gnzsnz"):
        yield lambda: alone_through_image(batches, image + ".alone")


def deliver(tool, form, consumer, directory):
    """Print a row for each way. Returns the faults found, and how many ways cannot be gone here."""
    batches = list(write_batches(tool, form, consumer, directory))
    faults = [fault for batch in batches for fault in batch.misjudged(form, consumer)]
    missing = 0
    for way in ways(form, consumer, batches, directory):
        try:
            tally = way()
        except sink_readers.Missing as absent:
            print("missing: %s" % absent)
            missing += 1
            continue
        print("%-14s %s" % (consumer, tally.row()))
        faults += tally.faults
    return faults, missing


def main():
    _, tool, form, consumer = sys.argv
    with tempfile.TemporaryDirectory(prefix="ibcred-sinks.") as directory:
        faults, missing = deliver(os.path.abspath(tool), form, consumer, directory)
    print("seed %s: %d values, %d faults" % (SEED, COUNT, len(faults)))
    for fault in faults[:FAULTS_SHOWN]:
        print(fault[:500])
    if faults:
        return 1
    return sink_readers.SKIPPED if missing else 0


if __name__ == "__main__":
    sys.exit(main())
