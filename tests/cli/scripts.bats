#!/usr/bin/env bats
# What runs ibcred over time: the script for cron, and the units for systemd.
load lib.bash

SCRIPTS=$BATS_TEST_DIRNAME/../../scripts

# fake_ibcred RESUME DUE [WORDS] - an ibcred whose `rotate --resume` and `rotate --due` end with
# these, and which writes down how it was called, and where.
fake_ibcred() {
    mkdir -p "$SCRATCH/bin"
    cat >"$SCRATCH/bin/ibcred" <<FAKE
#!/bin/sh
echo "\$(pwd): \$*" >>"$SCRATCH/calls"
[ ! -e /proc/\$\$/fd/9 ] || echo "the lock is handed on" >>"$SCRATCH/calls"
echo "answer of \$2"
[ -z "${3:-}" ] || echo "${3:-}" >&2
case \$2 in
--resume) exit $1 ;;
--due) exit $2 ;;
esac
FAKE
    chmod +x "$SCRATCH/bin/ibcred"
}

# As cron might, or less.
rotate() {
    env -i ${CDPATH:+CDPATH="$CDPATH"} PATH="$SCRATCH/bin:/usr/bin:/bin" \
        IBCRED_STATE_DIR="$SCRATCH/state" \
        "$SCRIPTS/ibcred-rotate" "$@" >out 2>err
}

@test "the cron script passes on what there is to know" {
    while read -r resume due expected; do
        rm -f calls
        fake_ibcred "$resume" "$due"
        status=0
        rotate || status=$?
        echo "$resume and $due came to $status"
        [ "$status" = "$expected" ]
        printf '%s: rotate --resume --quiet\n%s: rotate --due --quiet\n' "$SCRATCH" "$SCRATCH" |
            diff - calls
        [ "$(grep -c 'answer of --resume' out)" = "$((resume != 0))" ]
        [ "$(grep -c 'answer of --due' out)" = "$((due != 0))" ]
    done <<'CASES'
0 0 0
0 75 75
75 0 75
75 75 75
69 0 69
69 75 69
69 77 69
0 65 65
75 65 65
CASES
}

@test "the cron script is silent where nothing is due, but hands warnings on" {
    fake_ibcred 0 0
    rotate
    [ ! -s out ]
    [ ! -s err ]
    fake_ibcred 0 0 'warning: paper is due in 3 days'
    rotate
    [ ! -s out ]
    grep -q 'in 3 days' err
}

@test "the cron script looks after each directory, and the first failure counts" {
    mkdir one 'two 2'
    fake_ibcred 0 0
    rotate one "$SCRATCH/two 2"
    [ "$(grep -c "^$SCRATCH/one: " calls)" = 2 ]
    [ "$(grep -c "^$SCRATCH/two 2: " calls)" = 2 ]
    status=0
    rotate none one || status=$?
    [ "$status" = 66 ]
    [ "$(grep -c "^$SCRATCH/one: " calls)" = 4 ]
    fake_ibcred 0 75
    status=0
    rotate one || status=$?
    [ "$status" = 75 ]
    grep -q 'about one' err
    mkdir -p elsewhere/one -- -x
    fake_ibcred 0 0
    rm calls
    CDPATH=$SCRATCH/elsewhere rotate one -x
    [ "$(grep -c "^$SCRATCH/one: " calls)" = 2 ]
    [ "$(grep -c "^$SCRATCH/-x: " calls)" = 2 ]
}

@test "the cron script needs no environment at all" {
    fake_ibcred 0 0
    cp "$SCRIPTS/ibcred-rotate" script
    # What it looks for in places that this test must not touch, it finds here.
    sed -i "s|/usr/local/bin|$SCRATCH/bin|; s|HOME=\$(getent passwd .*|HOME=\$(getent passwd \"\$(id -u)\" >/dev/null \&\& echo $SCRATCH/home)|" script
    env -i ./script >out 2>&1
    [ ! -s out ]
    [ -e home/.local/state/ibcred/rotate.lock ]
    [ "$(stat -c %a home/.local/state/ibcred)" = 700 ]
}

@test "the cron script runs with the real ibcred" {
    make_vault
    mkdir bin
    ln -s "$(realpath "$IBCRED")" bin/ibcred
    status=0
    env -i PATH="$SCRATCH/bin:/usr/bin:/bin" IBCRED_STATE_DIR="$IBCRED_STATE_DIR" \
        IBCRED_VAULT="$IBCRED_VAULT" IBCRED_IDENTITY_FILE="$IBCRED_IDENTITY_FILE" \
        "$SCRIPTS/ibcred-rotate" >out 2>err || status=$?
    grep -q 'not there yet' err || { [ "$status" = 0 ] && [ ! -s out ] && [ ! -s err ]; }
}

@test "two runs of the cron script do not meet" {
    fake_ibcred 0 0
    mkdir -p state
    exec 8>state/rotate.lock
    flock 8
    status=0
    rotate || status=$?
    [ "$status" = 75 ]
    grep -q 'not done yet' err
    [ ! -e calls ]
    exec 8>&-
    rotate
    [ -s calls ]
}

@test "without ibcred, or a place for the lock, the cron script says so" {
    status=0
    rotate || status=$?
    [ "$status" = 69 ] || command -v ibcred
    fake_ibcred 0 0
    : >state
    status=0
    rotate || status=$?
    [ "$status" = 73 ]
    grep -q 'rotate.lock' err
    [ ! -e calls ]
    rm state
    mkdir -p state/rotate.lock
    status=0
    rotate || status=$?
    [ "$status" = 73 ]
    grep -q 'cannot be made' err
}

# units - copies whose programs are there.
units() {
    mkdir units
    cp "$SCRIPTS"/*.service "$SCRIPTS"/*.timer units
    sed -i -e "s|/usr/local/bin/ibcred-rotate|$(realpath "$SCRIPTS")/ibcred-rotate|" \
        -e "s|/usr/local/bin/ibcred|$(realpath "$IBCRED")|" units/*
    [ "$(find units -type f | wc -l)" = 5 ]
}

@test "systemd finds nothing wrong with the units" {
    units
    systemd-analyze verify units/*.service units/*.timer >out 2>&1
    [ ! -s out ]
    # And would say it.
    sed -i 's/^UMask=/Umask=/' units/ibcred-reap.service
    systemd-analyze verify units/ibcred-reap.service >out 2>&1 || true
    grep -q Umask out
}

@test "systemd rates the units well within OK" {
    units
    for unit in units/*.service; do
        systemd-analyze security --offline=true --no-pager --threshold=30 "$unit" >out
    done
}

@test "the units have the identity as an encrypted credential only" {
    for unit in "$SCRIPTS"/ibcred-gateway@.service "$SCRIPTS"/ibcred-rotate.service; do
        grep -q '^LoadCredentialEncrypted=ibcred-identity:' "$unit"
    done
    not grep -E '^(Environment=.*IBCRED_IDENTITY|LoadCredential=)' "$SCRIPTS"/*.service
}

@test "what the reaping unit runs ends overdue deliveries, and no others" {
    # Its command as systemd would give it to the shell.
    sed -n "/^ExecStart=/,/'\$/p" "$SCRIPTS/ibcred-reap.service" |
        sed -e "s|^ExecStart=/bin/sh -c '||" -e "s|'\$||" -e 's|\\$||' -e 's|\$\$|$|g' \
            -e "s|/run/ibcred|$IBCRED_RUNTIME_DIR|" -e "s|/usr/local/bin/ibcred|$IBCRED|" |
        tr -d '\n' >reaping
    make_vault
    mkdir -m 700 "$IBCRED_RUNTIME_DIR/paper"
    IBCRED_RUNTIME_DIR=$IBCRED_RUNTIME_DIR/paper "$IBCRED" inject paper --ttl 15m --quiet >path
    overdue=$(sed -E 's/^(.*lease-[0-9a-f]+-)[0-9]+(-.*)$/\11\2/' path)
    cp "$(cat path)" "$overdue"
    env -u IBCRED_RUNTIME_DIR sh -c "$(cat reaping)"
    [ -e "$(cat path)" ]
    [ ! -e "$overdue" ]
    IBCRED_RUNTIME_DIR=$IBCRED_RUNTIME_DIR/paper "$IBCRED" reap --all --quiet
}

@test "make install puts script and units where they say that they are" {
    make -s -C "$SCRIPTS/.." install DESTDIR="$SCRATCH/root" >/dev/null
    [ -x root/usr/local/bin/ibcred-rotate ]
    for unit in "$SCRIPTS"/*.service "$SCRIPTS"/*.timer; do
        cmp "$unit" "root/usr/local/share/ibcred/${unit##*/}"
    done
    [ -e root/usr/local/share/doc/ibcred/ci/github.yml ]
    make -s -C "$SCRIPTS/.." uninstall DESTDIR="$SCRATCH/root" >/dev/null
    [ "$(find root -type f | wc -l)" = 0 ]
}
