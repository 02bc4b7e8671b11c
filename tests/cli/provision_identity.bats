#!/usr/bin/env bats
# ibcred provision --ci-identity: a key of the vault for one place at a forge.
load forge.bash

# as_ci KEY COMMAND… - with that key and no other.
as_ci() {
    local key=$1
    shift
    env -u IBCRED_IDENTITY_FILE IBCRED_IDENTITY="$key" "$@"
}

@test "a passphrase is asked for once" {
    unset IBCRED_IDENTITY_FILE
    export IBCRED_PASSPHRASE_FD=8
    echo open-sesame >passphrase
    "$IBCRED" init --passphrase --quiet 8<passphrase
    make_vault() { seal_as paper paper; }
    begin 8<passphrase
    github paper --repo "$REPO" --quiet 8<passphrase
    [ "$(kept "/repos/$REPO/actions/secrets/IB_PASSWORD")" = "$SECRET" ]
    github --ci-identity --repo "$REPO" --quiet 8<passphrase
    github --ci-identity --repo "$REPO" --quiet 8<passphrase
    [ "$(as_ci "$(kept "/repos/$REPO/actions/secrets/IBCRED_IDENTITY")" \
        "$IBCRED" show --reveal --field IB_PASSWORD | cat)" = "$SECRET" ]
    "$IBCRED" list --quiet 8<passphrase
}

@test "--ci-identity: the key at the forge opens the vault; the next one shuts the first out" {
    begin
    github --ci-identity --repo "$REPO" --expires 90d >out 2>err
    [ ! -s out ]
    grep -q "^created IBCRED_IDENTITY at github+" err
    grep -q "commit '$IBCRED_VAULT' to git" err
    "$IBCRED" key list --json | jq -e --arg name "ci github 127.0.0.1:${URL##*:} $REPO" \
        '[.[] | select(.label == $name and .expires != null)] | length == 1'
    first=$(kept "/repos/$REPO/actions/secrets/IBCRED_IDENTITY")
    [[ $first == AGE-SECRET-KEY-1* ]]
    [ "$(as_ci "$first" "$IBCRED" show --reveal --field IB_PASSWORD | cat)" = "$SECRET" ]
    # CI itself may do it the next time.
    as_ci "$first" "$IBCRED" provision github --ci-identity --repo "$REPO" --token-file token \
        --api-url "$URL" --json >out 2>err
    jq -e '.profile == null and .done == 1 and .behind == 0 and
        [.secrets[] | [.name, .field, .result]] == [["IBCRED_IDENTITY", null, "updated"]]' out
    second=$(kept "/repos/$REPO/actions/secrets/IBCRED_IDENTITY")
    [ "$first" != "$second" ]
    refused 77 "key" as_ci "$first" "$IBCRED" list
    [ "$(as_ci "$second" "$IBCRED" show --reveal --field IB_PASSWORD | cat)" = "$SECRET" ]
    [ "$("$IBCRED" key list | grep -c "ci github")" = 1 ]
    # Another place's key stays.
    github --ci-identity --repo "$REPO" --env prod --quiet
    gitea --ci-identity --repo "$REPO" --secret-name VAULT_KEY --quiet
    [ -n "$(kept "gitea/repos/$REPO/actions/secrets/VAULT_KEY")" ]
    as_ci "$second" "$IBCRED" list >/dev/null
    [ "$("$IBCRED" key list | grep -c " ci ")" = 3 ]
    "$IBCRED" audit verify --quiet
    nothing_leaked
}

@test "a repository in other letters is the same one, whose older key goes" {
    begin
    github --ci-identity --repo "$REPO" --quiet
    first=$(kept "/repos/$REPO/actions/secrets/IBCRED_IDENTITY")
    github --ci-identity --repo "${REPO^^}" --quiet
    refused 77 "key" as_ci "$first" "$IBCRED" list
}

@test "--ci-identity that the forge refuses leaves the vault's keys as they were" {
    begin
    fails 77 "the key that was made for it is gone again" github --ci-identity --repo missing/r --json
    jq -e '.done == 0 and .behind == 1 and .secrets[0].result == "failed"' out
    [ "$("$IBCRED" key list | grep -c " recipient ")" = 1 ]
}

@test "--ci-identity that may have arrived keeps its key until the next one is there" {
    begin
    printf 'PUT lost\nPUT lost\nPUT lost\nPUT lost\n' >"$FORGE/faults"
    fails 69 "the same command again replaces it" gitea --ci-identity --repo "$REPO" --patience 0
    rm -f "$FORGE/faults"
    arrived=$(kept "gitea/repos/$REPO/actions/secrets/IBCRED_IDENTITY")
    as_ci "$arrived" "$IBCRED" list >/dev/null
    [ "$("$IBCRED" key list | grep -c " recipient ")" = 2 ]
    gitea --ci-identity --repo "$REPO" --quiet
    [ "$("$IBCRED" key list | grep -c " recipient ")" = 2 ]
    refused 77 "key" as_ci "$arrived" "$IBCRED" list
}

@test "--ci-identity beside a passphrase: it is asked for before the forge is" {
    begin
    echo open-sesame >passphrase
    echo wrong-one >wrong
    IBCRED_NEW_PASSPHRASE_FD=8 "$IBCRED" key add --passphrase --quiet 8<passphrase
    # Nothing is taken away the first time, so nobody needs it.
    gitea --ci-identity --repo "$REPO" --quiet
    first=$(kept "gitea/repos/$REPO/actions/secrets/IBCRED_IDENTITY")
    before=$(sha256sum "$IBCRED_VAULT")
    refused 64 "no terminal" setsid --wait "$IBCRED" provision gitea --ci-identity --repo "$REPO" \
        --token-file token --api-url "$URL/api/v1"
    [ "$before" = "$(sha256sum "$IBCRED_VAULT")" ]
    [ "$(requests true)" = 1 ]
    IBCRED_PASSPHRASE_FD=8 fails 77 "the older ones named" gitea --ci-identity --repo "$REPO" 8<wrong
    second=$(kept "gitea/repos/$REPO/actions/secrets/IBCRED_IDENTITY")
    [ "$first" != "$second" ]
    as_ci "$first" "$IBCRED" list >/dev/null
    as_ci "$second" "$IBCRED" list >/dev/null
    IBCRED_PASSPHRASE_FD=8 gitea --ci-identity --repo "$REPO" --quiet 8<passphrase
    refused 64 "no identity that was given fits" as_ci "$second" setsid --wait "$IBCRED" list
    [ "$("$IBCRED" key list | grep -c " ci ")" = 1 ]
}

@test "a place too long for a label keeps its older keys, and says so" {
    begin
    long=$OWNER/$(printf 'r%.0s' $(seq 90))
    gitea --ci-identity --repo "$long" --quiet
    gitea --ci-identity --repo "$long" 2>err
    grep -q "too long for a label" err
    [ "$("$IBCRED" key list | grep -c " ci gitea")" = 2 ]
}
