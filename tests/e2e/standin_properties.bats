#!/usr/bin/env bats
# standin_properties.bats - the stand-in's model of config.ini loses what java.util.Properties loses.

load lib.bash
load standin.bash

bats_require_minimum_version 1.5.0

PAIRS=10000

# No test here needs a Docker daemon.
setup_file() {
    :
}

teardown_file() {
    :
}

setup() {
    gateways=()
    PAIRS_FILE=$BATS_TEST_TMPDIR/pairs
    RESULT=$BATS_TEST_TMPDIR/result
}

teardown() {
    [ ${#gateways[@]} -eq 0 ] || kill -KILL "${gateways[@]}" 2>/dev/null || true
    [ -z "${BROKER_DIRECTORY:-}" ] || broker_stop
}

# Java's single-file launch needs the compiler, which a JRE lacks.
needs_java() {
    command -v javac >/dev/null && return
    [ "${CI:-}" != true ] || return 1
    skip "there is no JDK here"
}

# Pairs of username and password in hexadecimal, made of what Java's reader knows and of anything else.
make_pairs() {
    python3 - "$PAIRS" "${SEED:-$RANDOM}" <<'PYTHON'
import random
import sys

count, seed = int(sys.argv[1]), int(sys.argv[2])
print("seed", seed, file=sys.stderr)
chance = random.Random(seed)
pieces = ["\\", "\\\\", "\\u", "\\u0041", "\\u00e9", "\\uD83D\\uDE00", "\\ud800", "\\t", "\\n", "\\f",
          "\\r", "\\ ", "\\:", "\\#", "#", "!", "=", ":", " ", "\t", "\f", "\r", "\n", "\r\n", "\\\n",
          "\\\r\n", "\n  ", "\nIbLoginId=", "\nIbPassword", "ä", "€", "😀", "$HOME", "'", '"', "&", "a", "B7"]


def value():
    text = b""
    for _ in range(chance.randrange(9)):
        kind = chance.randrange(10)
        if kind < 6:
            text += chance.choice(pieces).encode()
        elif kind < 9:
            text += bytes([chance.randrange(0x20, 0x7f)])
        else:
            text += bytes([chance.randrange(1, 256)])
    return text.hex() or "-"


for _ in range(count):
    print(value(), value())
PYTHON
}

@test "10,000 usernames and passwords come out of config.ini as java.util.Properties reads them" {
    needs_java
    make_pairs >"$PAIRS_FILE"
    "$BUILD/standin/properties" <"$PAIRS_FILE" >"$RESULT"
    [ "$(wc -l <"$RESULT")" = "$PAIRS" ]
    cut -d' ' -f1 "$RESULT" |
        java -XX:TieredStopAtLevel=1 "$BATS_TEST_DIRNAME/java/ReadProperties.java" >"$RESULT.java"
    cut -d' ' -f2- "$RESULT" | diff "$RESULT.java" - >"$RESULT.diff" || {
        head -n 20 "$RESULT.diff"
        return 1
    }
    # Enough of them are altered, and enough are not, for this to say something.
    unaltered=$(cut -d' ' -f2- "$RESULT" | paste -d' ' "$PAIRS_FILE" - |
        awk '$1 == $3 && $2 == $4' | wc -l)
    echo "# of $PAIRS pairs $unaltered came through unaltered" >&3
    [ "$unaltered" -gt 200 ]
    [ "$unaltered" -lt $((PAIRS - 200)) ]
}

# comes_out USERNAME PASSWORD AS_USERNAME AS_PASSWORD - by the model.
comes_out() {
    local hex=() text
    for text in "$@"; do
        text=$(printf '%s' "$text" | xxd -p | tr -d '\n')
        hex+=("${text:--}")
    done
    [ "$("$BUILD/standin/properties" <<<"${hex[0]} ${hex[1]}" | cut -d' ' -f2-)" = "${hex[2]} ${hex[3]}" ]
}

# shellcheck disable=SC1003 # a backslash at the end is meant literally
@test "a single backslash is lost, two are one, and at the end it swallows what follows" {
    comes_out user1 'back\slash1' user1 'backslash1'
    comes_out user1 'back\\slash1' user1 'back\slash1'
    comes_out user1 'end1\' user1 end1
    comes_out 'user1\' secret1 user1 secret1
    comes_out user1 ' edges1 ' user1 edges1
    comes_out user1 '\ edges1\ ' user1 edges1
    comes_out user1 'pä1' user1 'pÃ¤1'
    comes_out user1 '#=:!$&"'"'" user1 '#=:!$&"'"'"
    comes_out user1 'bad\u12' '' ''
    comes_out user1 $'two\nIbLoginId=other1' other1 two
}

# A gateway with the settings of the other arguments is given $1 and logs in with $2 or does not.
logs_in_with() {
    local given=$1 right=$2 log=$BATS_TEST_TMPDIR/log tries
    shift 2
    broker_start "$BATS_TEST_TMPDIR/broker" loopback
    broker_account paperuser1 "$right"
    standin_files "$BATS_TEST_TMPDIR/standin" "$@"
    env -i STANDIN="$BATS_TEST_TMPDIR/standin" TWS_USERID=paperuser1 TWS_PASSWORD="$given" \
        "$BUILD/standin/ib-gateway" >"$log" 2>&1 </dev/null 3>&- &
    gateways+=($!)
    for ((tries = 0; tries < 250; tries++)); do
        ! grep -qE 'Login has completed|Unrecognized Username' "$log" || break
        sleep 0.02
    done
    broker_stop
    unset BROKER_DIRECTORY
    grep -q 'Login has completed' "$log"
}

@test "a gateway loses what the image loses, unless it is told not to" {
    logs_in_with 'back\\slash1' 'back\slash1' properties=1
    not logs_in_with 'back\slash1' 'back\slash1' properties=1
    logs_in_with 'back\slash1' backslash1 properties=1
    logs_in_with 'back\slash1' 'back\slash1' properties=0
    not logs_in_with 'back\slash1' 'back\slash1' cold_restart_ms=50
}
