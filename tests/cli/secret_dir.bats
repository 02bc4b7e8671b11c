#!/usr/bin/env bats
load lib.bash

@test "inject --to secret-dir prints the path of a link to a directory of exactly these files" {
    make_vault
    "$IBCRED" inject paper --to secret-dir >path 2>err
    [ "$(cat path)" = "$(realpath "$IBCRED_RUNTIME_DIR")/paper.secrets" ]
    [ ! -s err ] || [ "$(id -u)" != 0 ]
    directory=$(cat path)
    [ -L "$directory" ]
    [ "$(find "$directory/" -mindepth 1 -printf '%f\n' | sort | paste -sd ' ')" = \
        "compose.env tws_password tws_userid" ]
    [ "$(cat "$directory/tws_userid")" = "$NAME" ]
    printf %s "$SECRET" | cmp - "$directory/tws_password"
    [ "$(find "$IBCRED_RUNTIME_DIR" -perm /022 -not -type l | wc -l)" = 0 ]
}

@test "compose.env tells Compose everything but the password" {
    make_vault
    directory=$("$IBCRED" inject paper --to secret-dir --ttl 1m 2>/dev/null)
    [ "$(cut -d= -f1 "$directory/compose.env" | sort | paste -sd ' ')" = \
        "IBCRED_SECRET_DIR IB_GATEWAY_PORT IB_USERNAME TRADING_MODE" ]
    grep -qxF "IBCRED_SECRET_DIR=$directory" "$directory/compose.env"
    not grep -rqF "$SECRET" "$directory/compose.env"
}

@test "mode both: the live user's files, and beside them the paper user's" {
    make_vault
    seal_as live live liveuser 'l1ve pass'
    policy 'modes: {live: true}'
    directory=$("$IBCRED" inject live --paper paper --mode both --to secret-dir 2>/dev/null)
    [ "$(basename "$directory")" = live.secrets ]
    [ "$(cat "$directory/tws_userid")" = liveuser ]
    [ "$(cat "$directory/tws_password")" = 'l1ve pass' ]
    [ "$(cat "$directory/tws_userid_paper")" = "$NAME" ]
    [ "$(cat "$directory/tws_password_paper")" = "$SECRET" ]
    [ "$(cut -d= -f1 "$directory/compose.env" | sort | paste -sd ' ')" = \
        "IBCRED_PASSWORD_PAPER_FILE IBCRED_SECRET_DIR IB_GATEWAY_PORT IB_USERNAME IB_USERNAME_PAPER TRADING_MODE" ]
    not grep -qF -e "$SECRET" -e 'l1ve pass' "$directory/compose.env"
    refused 64 "--paper" "$IBCRED" inject live --mode live --paper paper
}

@test "as root the gateway's files get owner, group and mode of the policy, the others stay ours" {
    [ "$(id -u)" = 0 ] || skip "only root can give files away"
    "$IBCRED" init --quiet
    printf 'IB_USERNAME=u\nIB_PASSWORD=p\nMONGO=m\n' |
        "$IBCRED" seal paper --kind paper --stdin --field MONGO --quiet
    policy 'delivery: {fields: [MONGO]}'
    directory=$("$IBCRED" inject paper --to secret-dir)
    [ "$(stat -c '%n %u %g %a' "$directory"/* | sed 's|.*/||')" = "\
compose.env 0 0 600
mongo 0 0 600
tws_password 1000 1000 400
tws_userid 1000 1000 400" ]
    [ "$(stat -L -c '%u %a' "$directory")" = "0 711" ]

    "$IBCRED" report paper success --quiet
    policy 'delivery: {secret_files: {owner: 1234, group: 99, mode: "0440"}}'
    "$IBCRED" inject paper --to secret-dir >/dev/null
    [ "$(stat -c '%u %g %a' "$directory/tws_password")" = "1234 99 440" ]
}

@test "who is not root is told when the gateway's user cannot read the files" {
    make_vault
    chmod 755 "$SCRATCH"
    chmod -R a+rX "$SCRATCH"
    cp "$IBCRED" ./ibcred
    if [ "$(id -u)" = 0 ]; then
        chown -R 65534:65534 "$SCRATCH" "$IBCRED_RUNTIME_DIR"
    fi
    user=$(as_nobody id -u)
    policy 'delivery: {secret_files: {owner: 4321}}'
    chmod 644 policy.yaml
    as_nobody ./ibcred inject paper --to secret-dir >path 2>err
    grep -qF "belong to user $user, and the gateway's user 4321 will not" err
    [ "$(as_nobody stat -c '%u %a' "$(cat path)/tws_password")" = "$user 600" ]

    as_nobody ./ibcred report paper success --quiet
    policy "delivery: {secret_files: {owner: $user}}"
    chmod 644 policy.yaml
    as_nobody ./ibcred inject paper --to secret-dir >path 2>err
    [ ! -s err ]
}

@test "the JSON answer says where to" {
    make_vault
    "$IBCRED" inject paper --to secret-dir --ttl 90s --json >answer 2>/dev/null
    [ "$(jq -c 'del(.path)' answer)" = \
        '{"profile":"paper","version":1,"staged":false,"mode":"paper","ttl":90,"to":"secret-dir"}' ]
    [ -d "$(jq -r .path answer)" ]
    "$IBCRED" report paper success --quiet
    "$IBCRED" inject paper --json >answer
    [ "$(jq -r .to answer)" = env-file ]
    [ -f "$(jq -r .path answer)" ]
    "$IBCRED" audit | jq -se '[.[] | select(.verdict == "allowed").delivery] ==
        ["secret-dir", "env-file"]'
}

@test "what is refused is neither charged nor delivered" {
    make_vault
    refused 64 "--to is 'file'" "$IBCRED" inject paper --to file
    refused 64 "--names" "$IBCRED" inject paper --to secret-dir --names ib
    refused 64 "--ttl" "$IBCRED" inject paper --to secret-dir --ttl 0
    refused 64 "--format" "$IBCRED" inject paper --to secret-dir --format yaml
    refused 66 "none" "$IBCRED" inject none --to secret-dir
    refused 78 "IBCRED_SECRET_DIR" env IBCRED_SECRET_DIR=/x "$IBCRED" inject paper --to secret-dir
    mkdir "$IBCRED_RUNTIME_DIR/paper.secrets"
    touch "$IBCRED_RUNTIME_DIR/paper.secrets/mine"
    refused 73 "in the way" "$IBCRED" inject paper --to secret-dir
    rm -r "$IBCRED_RUNTIME_DIR/paper.secrets"
    if [ "$(id -u)" = 0 ]; then
        chmod 711 "$IBCRED_RUNTIME_DIR"
        refused 77 "open to others" "$IBCRED" inject paper --to secret-dir
        chmod 700 "$IBCRED_RUNTIME_DIR"
    fi
    [ "$(charges)" = 0 ]
    [ -z "$(ls -A "$IBCRED_RUNTIME_DIR")" ]
}

@test "the wait of the gate is the same" {
    make_vault
    "$IBCRED" inject paper --to secret-dir >/dev/null
    refused 75 "paper" "$IBCRED" inject paper --to secret-dir
    "$IBCRED" report paper success --quiet
    "$IBCRED" inject paper --to secret-dir --wait >/dev/null
    [ "$(charges)" = 2 ]
}

@test "a new release moves the link, and each directory ends at its own time" {
    make_vault
    link=$("$IBCRED" inject paper --to secret-dir --ttl 15m)
    first=$(readlink -f "$link")
    "$IBCRED" report paper success --quiet
    seal_as paper paper "$NAME" n3w
    "$IBCRED" inject paper --to secret-dir --ttl 2s >/dev/null
    second=$(readlink -f "$link")
    [ "$first" != "$second" ]
    [ "$(cat "$first/tws_password")" = "$SECRET" ]
    [ "$(cat "$second/tws_password")" = n3w ]
    for _ in $(seq 200); do
        [ -e "$second" ] || break
        sleep 0.1
    done
    [ ! -e "$second" ]
    [ -d "$first" ]
    [ -L "$link" ]
    [ ! -e "$link" ]
}

@test "when the reaper is killed, the next call of any command ends what is overdue" {
    make_vault
    lease=$(readlink -f "$("$IBCRED" inject paper --to secret-dir --ttl 2s)")
    kill -9 "$(pgrep -f "reap --lease $(basename "$lease")")"
    sleep 2.2
    [ -e "$lease/tws_password" ]
    "$IBCRED" list >/dev/null
    [ ! -e "$lease" ]
}

@test "reap --all leaves nothing, not even the links; what is not ours stays" {
    make_vault
    seal_as second paper trader8
    "$IBCRED" inject paper --to secret-dir >/dev/null
    "$IBCRED" inject second --to secret-dir >/dev/null
    [ "$(find "$IBCRED_RUNTIME_DIR" -maxdepth 1 -type l | wc -l)" = 2 ]
    "$IBCRED" reap --all --json >answer
    [ "$(jq .ended answer)" = 2 ]
    [ -z "$(ls -A "$IBCRED_RUNTIME_DIR")" ]
    ln -s /nowhere "$IBCRED_RUNTIME_DIR/mine.secrets"
    "$IBCRED" reap --all --quiet
    [ -L "$IBCRED_RUNTIME_DIR/mine.secrets" ]
}

@test "a path that nobody hears is not left behind" {
    make_vault
    status=0
    "$IBCRED" inject paper --to secret-dir >/dev/full 2>err || status=$?
    [ "$status" = 74 ]
    grep -q "stays charged" err
    [ "$(deliveries)" = 0 ]
    "$IBCRED" reap --all --quiet
    [ -z "$(ls -A "$IBCRED_RUNTIME_DIR")" ]
}

@test "a full runtime directory: no release, nothing charged, nothing left" {
    make_vault
    [ "$(id -u)" = 0 ] || skip "needs root to mount a small tmpfs"
    mkdir small
    mount -t tmpfs -o size=16k,mode=700 none small || skip "cannot mount here"
    # Room for one of the three files.
    dd if=/dev/zero of=small/filler bs=1k count=64 2>/dev/null || true
    truncate -s 12k small/filler
    status=0
    IBCRED_RUNTIME_DIR=$SCRATCH/small "$IBCRED" inject paper --to secret-dir >out 2>err || status=$?
    left=$(ls -A small)
    umount small
    [ "$status" = 73 ]
    [ ! -s out ]
    [ "$left" = filler ]
    [ "$(charges)" = 0 ]
    "$IBCRED" gate paper | grep -q allow
}
