#!/usr/bin/env bats
load lib.bash

@test "inject prints one path; the file is private and holds exactly the variables" {
    make_vault
    "$IBCRED" inject paper >path 2>err
    [ "$(wc -l <path)" = 1 ]
    [ ! -s err ]
    file=$(cat path)
    [ "$(stat -c %a "$file")" = 600 ]
    [ "$(dirname "$file")" = "$IBCRED_RUNTIME_DIR" ]
    [ "$(cut -d= -f1 "$file" | sort | tr '\n' ' ')" = \
        "IB_GATEWAY_PORT IB_PASSWORD IB_USERNAME TRADING_MODE " ]
    grep -qx 'TRADING_MODE=paper' "$file"
    grep -qx 'IB_GATEWAY_PORT=4004' "$file"
}

@test "the profile may be left out where only one fits the mode" {
    make_vault
    seal_as other live liveuser
    "$IBCRED" inject --json >answer
    [ "$(jq -r .profile answer)" = paper ]
    seal_as third paper
    refused 64 "name the one" "$IBCRED" inject
}

@test "--names tws and the fields of the policy" {
    "$IBCRED" init --quiet
    printf 'IB_USERNAME=u\nIB_PASSWORD=p\nMONGO=m\nOTHER=o\n' |
        "$IBCRED" seal paper --kind paper --stdin --field MONGO --field OTHER --quiet
    policy 'delivery: {fields: [MONGO]}'
    "$IBCRED" inject paper --names tws >path
    [ "$(cut -d= -f1 "$(cat path)" | sort | tr '\n' ' ')" = \
        "IB_GATEWAY_PORT MONGO TRADING_MODE TWS_PASSWORD TWS_USERID " ]
}

@test "a second release waits for the first one's outcome" {
    make_vault
    "$IBCRED" inject paper >/dev/null
    refused 75 "paper" "$IBCRED" inject paper
    status=0
    "$IBCRED" inject paper --json >answer 2>/dev/null || status=$?
    [ "$status" = 75 ]
    [ "$(jq .error.retry_after answer)" -gt 0 ]
    [ "$(jq .error.exit_code answer)" = 75 ]
    "$IBCRED" report paper success --quiet
    "$IBCRED" inject paper >/dev/null
    [ "$(charges)" = 2 ]
}

@test "what is refused is neither charged nor delivered" {
    make_vault
    seal_as live live liveuser
    refused 78 "live" "$IBCRED" inject paper --mode live
    policy 'modes: {live: true}'
    refused 78 "paper" "$IBCRED" inject paper --mode live
    refused 78 "live" "$IBCRED" inject live --mode paper
    refused 78 "both" "$IBCRED" inject paper --mode both --paper paper
    refused 66 "none" "$IBCRED" inject live --mode both --paper none
    refused 64 "--paper" "$IBCRED" inject live --mode live --paper paper
    refused 64 "--mode" "$IBCRED" inject paper --mode demo
    refused 64 "TRADING_MODE" env TRADING_MODE=Paper "$IBCRED" inject paper
    refused 64 "--ttl" "$IBCRED" inject paper --ttl 0
    refused 64 "--ttl" "$IBCRED" inject paper --ttl 2weeks
    refused 64 "--ttl" "$IBCRED" inject paper --ttl 99d
    refused 64 "--format" "$IBCRED" inject paper --format yaml
    refused 64 "--names" "$IBCRED" inject paper --names x
    refused 66 "none" "$IBCRED" inject none
    refused 64 "--no-such" "$IBCRED" inject paper --no-such
    refused 64 "--ttl" "$IBCRED" inject paper --ttl
    refused 64 "operand" "$IBCRED" inject paper paper
    [ "$(charges)" = 0 ]
    [ "$(deliveries)" = 0 ]
    "$IBCRED" inject live --mode live >/dev/null
}

@test "mode both: the live user's credentials and the paper user's, in one env file" {
    make_vault
    seal_as live live liveuser l1ve
    policy 'modes: {live: true}'
    file=$("$IBCRED" inject --mode both)
    [ "$(cut -d= -f1 "$file" | sort | paste -sd ' ')" = \
        "IB_GATEWAY_PORT IB_PASSWORD IB_PASSWORD_PAPER IB_USERNAME IB_USERNAME_PAPER TRADING_MODE" ]
    grep -qx 'IB_USERNAME=liveuser' "$file"
    grep -qx "IB_USERNAME_PAPER=$NAME" "$file"
}

@test "the default policy allows no live mode" {
    "$IBCRED" init --quiet
    seal_as live live liveuser
    status=0
    "$IBCRED" inject live --mode live >out 2>err || status=$?
    [ "$status" = 77 ]
    grep -q policy err
}

@test "what is hard to quote arrives all the same, read back by both formats" {
    "$IBCRED" init --quiet
    hard="a\\'\"\$x \${HOME}\\"
    seal_as hard paper u1 "$hard"
    for format in compose compose-v1 compose-v2; do
        file=$("$IBCRED" inject hard --format "$format" --consumer raw)
        "$IBCRED" report hard success --quiet
        seal=$format
        [ "$format" = compose ] && seal=compose-v2
        "$IBCRED" seal back --kind paper --from "$file" --format "$seal" --quiet
        [ "$("$IBCRED" show back --reveal --field IB_PASSWORD | cat)" = "$hard" ]
    done
}

@test "the runtime directory must be on tmpfs, private, and writable" {
    make_vault
    disk=$(mktemp -d /var/tmp/ibcred-cli.XXXXXX)
    refused 77 "tmpfs" env IBCRED_RUNTIME_DIR="$disk" "$IBCRED" inject paper
    policy 'delivery: {allow_disk: true}'
    IBCRED_RUNTIME_DIR=$disk "$IBCRED" inject paper >path
    grep -q "$disk/" path
    IBCRED_RUNTIME_DIR=$disk "$IBCRED" reap --all --quiet
    rmdir "$disk"
    "$IBCRED" report paper success --quiet
    chmod 770 "$IBCRED_RUNTIME_DIR"
    refused 77 "others" "$IBCRED" inject paper
    chmod 700 "$IBCRED_RUNTIME_DIR"
}

@test "the env file ends at its TTL, by its reaper" {
    make_vault
    file=$("$IBCRED" inject paper --ttl 5s)
    [ -e "$file" ]
    for _ in $(seq 200); do
        [ -e "$file" ] || break
        sleep 0.1
    done
    [ ! -e "$file" ]
}

@test "when the reaper is killed, the next call of any command ends what is overdue" {
    make_vault
    file=$("$IBCRED" inject paper --ttl 5s)
    pid=$(pgrep -f "reap --lease $(basename "$file")")
    kill -9 "$pid"
    sleep 5.2
    [ -e "$file" ]
    "$IBCRED" list >/dev/null
    [ ! -e "$file" ]
}

@test "reap --all ends every delivery now, and leaves what is not a delivery" {
    make_vault
    file=$("$IBCRED" inject paper)
    "$IBCRED" report paper success --quiet
    second=$("$IBCRED" inject paper)
    echo mine >"$IBCRED_RUNTIME_DIR/other"
    "$IBCRED" reap --quiet
    [ -e "$file" ] && [ -e "$second" ]
    [ "$("$IBCRED" reap --all --json --quiet | jq .ended)" = 2 ]
    [ ! -e "$file" ] && [ ! -e "$second" ]
    [ "$(cat "$IBCRED_RUNTIME_DIR/other")" = mine ]
}

@test "the reaper holds nothing of its parent: no variable, no descriptor" {
    make_vault
    file=$("$IBCRED" inject paper --ttl 30s)
    pid=$(pgrep -f "reap --lease $(basename "$file")")
    [ "$(tr '\0' '\n' <"/proc/$pid/environ" | cut -d= -f1)" = IBCRED_RUNTIME_DIR ]
    readlink /proc/"$pid"/fd/* >descriptors
    not grep -v -e /dev/null -e "$IBCRED_RUNTIME_DIR" descriptors
    "$IBCRED" reap --all --quiet
    kill "$pid"
}

@test "an env file whose path nobody heard of is ended" {
    make_vault
    status=0
    "$IBCRED" inject paper >/dev/full 2>err || status=$?
    [ "$status" = 74 ]
    grep -q "stays charged" err
    [ "$(deliveries)" = 0 ]
}

@test "a variable of the same name in the environment, which Compose would prefer, stops the release" {
    make_vault
    IB_PASSWORD=stale refused 78 "IB_PASSWORD" "$IBCRED" inject paper
    TRADING_MODE=live refused 78 "TRADING_MODE" "$IBCRED" inject paper --mode paper
    status=0
    IB_USERNAME=other "$IBCRED" check paper >answer 2>err || status=$?
    [ "$status" = 78 ]
    grep -q '^delivery *no.*IB_USERNAME' answer
    [ "$(charges)" = 0 ]
    TRADING_MODE=paper "$IBCRED" inject paper >/dev/null
}
