#!/usr/bin/env bats
# shellcheck disable=SC2030,SC2031 # a test is a subshell, and means its own vault
load lib.bash

# keys OWNER… - identities of age-keygen's.
keys() {
    local owner
    for owner in "$@"; do
        age-keygen -o "$owner.key" 2>/dev/null
        age-keygen -y "$owner.key" >"$owner.pub"
    done
}

age_encrypt() {
    "${IBCRED%/*}/tests/tools/age_encrypt" "$@"
}

@test "age opens what is exported, with the key of any recipient and no other" {
    make_vault
    keys one two stranger
    "$IBCRED" export paper --to "$(cat one.pub)" --to "$(cat two.pub)" --output out.age --quiet
    for key in one two; do
        age -d -i $key.key out.age >plain
        [ "$(wc -l <plain)" = 1 ]
        jq -e --arg u "$NAME" --arg p "$SECRET" '. == {profile: "paper", kind: "paper",
            fields: {IB_USERNAME: $u, IB_PASSWORD: $p}}' plain
    done
    not age -d -i stranger.key out.age
    not grep -qF "$NAME" out.age
}

@test "age opens files of every size around a chunk's" {
    keys one
    for size in 0 1 65535 65536 65537 131072 200000; do
        head -c "$size" /dev/urandom >plain
        age_encrypt "$(cat one.pub)" <plain >out.age
        age -d -i one.key out.age | cmp - plain
    done
}

@test "age refuses a file with one bit changed, cut short or longer" {
    keys one
    echo secret | age_encrypt "$(cat one.pub)" >out.age
    age -d -i one.key out.age >/dev/null
    python3 - <<'PYTHON'
import subprocess
whole = open("out.age", "rb").read()
opens = lambda data: subprocess.run(["age", "-d", "-i", "one.key"], input=data, capture_output=True).returncode == 0
assert opens(whole)
for at in range(len(whole)):
    changed = bytearray(whole)
    changed[at] ^= 1 << at % 8
    assert not opens(bytes(changed)), at
for size in range(0, len(whole), 7):
    assert not opens(whole[:size]), size
assert not opens(whole + b"\0")
PYTHON
}

@test "an exported profile goes into another vault with the same bytes" {
    "$IBCRED" init --quiet
    keys one
    jq -nc '{profile: "live", kind: "live", account: "U1234567", fields: {IB_USERNAME: "trader7",
        IB_PASSWORD: "pä5s\\ \"w\u0001#$'"'"'=", IBCRED_NOTE: "kept", MONGO: "m"}}' >line
    "$IBCRED" import line --quiet
    "$IBCRED" export live --to "$(cat one.pub)" >live.age
    export IBCRED_VAULT=$SCRATCH/other.vault
    "$IBCRED" init --quiet
    age -d -i one.key live.age | "$IBCRED" import --quiet
    [ "$("$IBCRED" show live --reveal --json | jq -S .)" = "$(jq -S .fields line)" ]
    [ "$("$IBCRED" show live --json | jq -r '.kind + .account')" = liveU1234567 ]
    "$IBCRED" import --from-command --quiet -- age -d -i one.key live.age
    [ "$("$IBCRED" show live --json | jq '.versions | length')" = 2 ]
}

@test "the active version is exported, or the one that is named" {
    make_vault
    keys one
    seal_as paper paper "$NAME" newer
    "$IBCRED" export --to "$(cat one.pub)" >active.age
    "$IBCRED" export --to "$(cat one.pub)" --version 1 >first.age
    [ "$(age -d -i one.key active.age | jq -r .fields.IB_PASSWORD)" = newer ]
    [ "$(age -d -i one.key first.age | jq -r .fields.IB_PASSWORD)" = "$SECRET" ]
    refused 66 "no version 3" "$IBCRED" export --to "$(cat one.pub)" --version 3
    refused 64 "--version" "$IBCRED" export --to "$(cat one.pub)" --version 0
    "$IBCRED" exec paper --quiet -- true
    "$IBCRED" report paper rejected --quiet
    refused 77 "no active version" "$IBCRED" export --to "$(cat one.pub)"
}

@test "the file is new and for its owner alone; what is there stays without --force" {
    make_vault
    keys one
    umask 000
    "$IBCRED" export --to "$(cat one.pub)" --output out.age --json --quiet >answer
    [ "$(jq -c . answer)" = '{"profile":"paper","version":1,"path":"out.age","recipients":1}' ]
    [ "$(stat -c %a out.age)" = 600 ]
    before=$(sha256sum out.age)
    refused 73 "--force" "$IBCRED" export --to "$(cat one.pub)" --output out.age
    ln -s nowhere dangling
    refused 73 "dangling" "$IBCRED" export --to "$(cat one.pub)" --output dangling
    refused 73 "none/out" "$IBCRED" export --to "$(cat one.pub)" --output none/out.age
    [ "$before" = "$(sha256sum out.age)" ]
    "$IBCRED" export --to "$(cat one.pub)" --output out.age --force --quiet
    [ "$before" != "$(sha256sum out.age)" ]
    age -d -i one.key out.age >/dev/null
    [ -z "$(find . -name '*.new')" ]
}

@test "not even --force puts an export in the place of the vault or its identity" {
    make_vault
    keys one
    before=$(sha256sum "$IBCRED_VAULT" "$IBCRED_IDENTITY_FILE")
    ln -s "$IBCRED_VAULT" link
    for file in "$IBCRED_VAULT" "$IBCRED_IDENTITY_FILE" link; do
        refused 64 "name another file" "$IBCRED" export --to "$(cat one.pub)" --output "$file" --force
    done
    [ "$before" = "$(sha256sum "$IBCRED_VAULT" "$IBCRED_IDENTITY_FILE")" ]
}

@test "an export is in the audit log with who can open it, before it is out" {
    make_vault
    keys one
    "$IBCRED" export --to "$(cat one.pub)" >out.age
    "$IBCRED" audit >log
    [ "$(tail -n 1 log | jq -r '.event + .profile + .verdict')" = exportpaperdone ]
    tail -n 1 log | grep -qF "$(cat one.pub)"
    not grep -qF "$SECRET" log
    chmod 644 "$IBCRED_STATE_DIR"/*audit* && chmod o+w "$IBCRED_STATE_DIR"/*audit*
    status=0
    "$IBCRED" export --to "$(cat one.pub)" >out.age 2>/dev/null || status=$?
    [ "$status" = 77 ]
    [ ! -s out.age ]
}

@test "what cannot be exported is refused in one sentence" {
    make_vault
    keys one
    refused 64 "--to" "$IBCRED" export paper
    refused 64 "not a recipient but an identity" "$IBCRED" export paper --to "$(tail -n 1 one.key)"
    not grep -q AGE-SECRET err
    refused 64 "not a usable" "$IBCRED" export paper \
        --to age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq5cu47z
    refused 66 "nobody" "$IBCRED" export nobody --to "$(cat one.pub)"
    status=0
    "$IBCRED" export --to "$(cat one.pub)" --json >answer 2>/dev/null || status=$?
    [ "$status" = 64 ]
    on_terminal -- "$IBCRED" export --to "$(cat one.pub)" >typescript || true
    grep -q "stdout is a terminal" typescript
}
