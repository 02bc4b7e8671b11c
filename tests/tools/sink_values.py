"""Values that are hard to write down, and what is expected of each sink for them."""

# Bytes that one reader or another gives a meaning to.
HEAVY = "\\$\"'`#!=&%{}()[]<>|;:*?~^@,+-/ "
PRINTABLE = "".join(map(chr, range(0x20, 0x7F)))
EDGES = [
    "\\", "\\\\", "\\\\\\", "'", '"', "''", '""', "'\"'", "\\'", '\\"', "'\\", '"\\', "$", "$$",
    "${", "}", "${A}", "${A:-b}", "$A", "$(id)", "`id`", "`", "#", " #", "# ", "##", "!", "!!",
    "!$", "!\"", " ", "  ", "\t", "=", "==", "=b", ":", "&", "&&", ";", "|", "<", ">", "~", "*",
    "%", "%s", "\\n", "\\t", "\\u0041", "\\x41", "\\0", "\\\t", "\\ ", "\\#", "\\$", "\\`", "\\!",
]
# Two to four bytes of UTF-8, and among them what some readers take for white space, for the end of
# a line, or for a byte order mark.
WIDE = "äßéñ£§¿ÿĀΩЖ€‰中文字かな한글ﬁ😀🔑𝄞\u0301\u200d\u00ad"
AWKWARD = "\u0080\u0085\u00a0\u1680\u2003\u2028\u2029\u3000\ufeff\u200b\u202e\ufffd\ue000\U0010fffd"
NONCHARACTERS = "\ufdd0\ufdef\ufffe\uffff\U0001ffff\U0010ffff"
CONTROLS = "".join(map(chr, [*range(1, 9), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F]))
CHOSEN = [
    "export A=b", "A=b", "a b", "a#b", "a #b", "'a'", '"a"', "'a", '"a', "a'", 'a"', "a\\",
    "a\\\\", "\\a", "$HOME", "${HOME}", "${TWS_PASSWORD}", "${V0001}", "$V0002", "a=b=c", "=",
    "-n", "-e", "--", "true", "null", "0", "1e3", "0x10", "no", "~", "~root", "*", "?", "[a]",
    "{a,b}", "a;b", "a&b", "(a)", "<a", ">a", "a|b", "%USERPROFILE%", "^a", "\\u00e9", "\\uZZZZ",
    "\\u", "\\ ", " \\", "\ta\t", "a\tb", " a", "a ", " ", "\t", "\ufeffa", "\u00a0a\u00a0",
    "\u3000a", "a\u2028b", "a\u0085b", "<<EOF", "@file", "!include", "&a", "*a", ";a", "a\\tb",
    "a\\nb", "a\\rb", "'\\''", "\"\\\"\"", "$'a'", '$"a"', "a'\\''b", "\\\\'", '\\\\"', "'$",
    '"$', "$'", "C:\\Users\\ib", "pa$$word", "correct horse battery staple",
]
LONG = 4096
LONG_VALUES = 24


def one_heavy(rng):
    return "".join(rng.choice(HEAVY) for _ in range(rng.randint(1, 24)))


def one_printable(rng):
    return "".join(rng.choice(PRINTABLE) for _ in range(rng.randint(1, 64)))


def one_mixed(rng):
    length = rng.randint(1, 64)
    return "".join(rng.choice(HEAVY if rng.random() < 0.5 else PRINTABLE) for _ in range(length))


def one_edged(rng):
    start, end = (rng.choice(EDGES) if rng.random() < 0.7 else "" for _ in range(2))
    return start + one_printable(rng).strip() + end or "a"


def one_of_edges(rng):
    return "".join(rng.choice(EDGES) for _ in range(rng.randint(1, 6)))


def one_wide(rng):
    pool = WIDE * 3 + HEAVY + PRINTABLE + "\t"
    return "".join(rng.choice(pool) for _ in range(rng.randint(1, 40)))


def one_awkward(rng):
    pool = AWKWARD + WIDE + HEAVY
    return "".join(rng.choice(pool) for _ in range(rng.randint(1, 16)))


def one_rare(rng):
    """With characters that some readers refuse."""
    text = [*one_printable(rng)]
    text.insert(rng.randint(0, len(text)), rng.choice(NONCHARACTERS + CONTROLS))
    return "".join(text)


# How many of a hundred random values each makes.
KINDS = [
    (one_printable, 18), (one_mixed, 24), (one_heavy, 12), (one_edged, 18), (one_of_edges, 10),
    (one_wide, 11), (one_awkward, 5), (one_rare, 2),
]


def long_values(rng):
    """As long as a field may be, of ASCII."""
    for index in range(LONG_VALUES):
        pool = [PRINTABLE, HEAVY, "\\", "$", "'\"", "x"][index % 6]
        yield "".join(rng.choice(pool) for _ in range(LONG))


def make_values(rng, count):
    """`count` values, each of which may be sealed."""
    fixed = [*PRINTABLE, *WIDE, *AWKWARD, *EDGES, *CHOSEN, *long_values(rng)]
    kinds = rng.choices([kind for kind, _ in KINDS], [share for _, share in KINDS], k=count)
    values = (fixed + [kind(rng) for kind in kinds])[:count]
    rng.shuffle(values)
    return values


# Whether a value must come through (True), must be refused (False), or may be either (None).


def carried_always(_value):
    return True


def carried_by_docker(value):
    """It keeps quotes around a value; the sink may not trust later releases to."""
    return None if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"" else True


def carried_by_systemd(value):
    """To systemd, what holds one of Unicode's noncharacters is not UTF-8."""
    return not any(character in NONCHARACTERS for character in value)


def carried_by_gnzsnz(value):
    """What trim() takes away: whatever is not above a blank, at an edge."""
    return value[0] > " " and value[-1] > " "


def carried_by_all(value):
    """What must not be written in one way for one image and in another for the next."""
    if not carried_by_gnzsnz(value) or "\\" in value or not value.isascii():
        return False
    return None if any(character not in PRINTABLE for character in value) else True


FORMATS = {
    "compose": carried_always,
    "compose-v1": carried_always,
    "docker": carried_by_docker,
    "systemd": carried_by_systemd,
    "shell": carried_always,
    "json": carried_always,
    "secret-file": carried_always,
}
CONSUMERS = {
    "raw": carried_always,
    "ibg-controller": carried_always,
    "gnzsnz": carried_by_gnzsnz,
    "unknown": carried_by_all,
}


def must_be_carried(form, consumer, value):
    verdicts = (FORMATS[form](value), CONSUMERS[consumer](value))
    if False in verdicts:
        return False
    return None if None in verdicts else True
