#!/usr/bin/env bats
# rotate_copies.bats - after the first login of a new password the CI secrets that hold a copy follow:
# a real Docker daemon and docker-compose; gateway, IBKR's side and the forge are stand-ins.

load up.bash
load ../tools/forge.bash

TOKEN=ghp-T0ken-of-rotate-copies

# Where ibcred is, so that it may speak http:// to it.
forge_beside_docker() {
    FORGE=$BATS_TEST_TMPDIR/forge
    cat >"$BATS_TEST_TMPDIR/server" <<SERVER
#!/bin/sh
pid=\$(cat "$DOCKER_DIRECTORY/pid")
[ "\$(id -u)" = 0 ] || exec "$FORGE_SERVER" "\$@"
exec nsenter --net="/proc/\$pid/ns/net" -- "$FORGE_SERVER" "\$@"
SERVER
    chmod +x "$BATS_TEST_TMPDIR/server"
    FORGE_SERVER=$BATS_TEST_TMPDIR/server forge_start "$FORGE" "$TOKEN"
    cat "$FORGE/pid" >>"$PIDS"
    URL=http://127.0.0.1:$(forge_port "$FORGE")
}

# Two copies at GitHub and one at GitLab; the token is in the vault, as for cron.
provisioned() {
    jq -n --arg u "$USERNAME" --arg p "$PASSWORD" --arg t "$TOKEN" \
        '{IB_USERNAME: $u, IB_PASSWORD: $p, IBCRED_GITHUB_TOKEN: $t, IBCRED_GITLAB_TOKEN: $t}' |
        "$IBCRED" seal paper --stdin --field IBCRED_GITHUB_TOKEN --field IBCRED_GITLAB_TOKEN --quiet
    "$IBCRED" provision github paper --repo o/r --api-url "$URL" --quiet
    "$IBCRED" provision gitlab paper --repo o/r --api-url "$URL/api/v4" --unmasked \
        --field IB_PASSWORD --quiet
}

at_github() {
    forge_kept "$FORGE" /repos/o/r/actions/secrets/IB_PASSWORD
}

at_gitlab() {
    forge_kept "$FORGE" "gitlab/projects/o%2Fr/variables/IB_PASSWORD *"
}

# behind NUMBER - so many copies of the profile are.
behind() {
    [ "$("$IBCRED" show paper --json | jq '[.copies[] | select(.behind)] | length')" = "$1" ]
}

staged_and_changed() {
    NEW="n3w #$MARK"
    broker_account "$USERNAME" "$NEW"
    IB_PASSWORD=$NEW "$IBCRED" rotate paper --from-env --quiet
}

@test "a login that proves the new password brings it to every copy" {
    make_world
    forge_beside_docker
    provisioned
    behind 0
    staged_and_changed
    behind 0
    [ "$(at_github)" = "$PASSWORD" ]
    gives 0 "$IBCRED" up paper
    told 'has proven itself and is the active one now'
    behind 0
    [ "$(at_github)" = "$NEW" ]
    [ "$(at_gitlab)" = "$NEW" ]
    not grep -qF -e "$MARK" -e "$TOKEN" "$OUT" "$ERR"
    # The token is ibcred's own: no gateway ever gets it.
    docker inspect "$GATEWAY" >"$OUT"
    not grep -qF "$TOKEN" "$OUT"
    gives 0 "$IBCRED" rotate --resume --json
    [ "$(cat "$OUT")" = '[]' ]
}

@test "a forge that is away leaves the login as it is, and the next run brings what is behind" {
    make_world
    forge_beside_docker
    provisioned
    staged_and_changed
    forge_stop "$FORGE"
    gives 0 "$IBCRED" up paper
    told 'has proven itself and is the active one now'
    behind 3
    gives 69 "$IBCRED" rotate --resume --json
    [ "$(jq -c '.[0] | [.profile, .brought, .behind]' "$OUT")" = '["paper",0,3]' ]
    rm "$FORGE/port"
    FORGE_SERVER=$BATS_TEST_TMPDIR/server forge_start "$FORGE" "$TOKEN" --port "${URL##*:}"
    cat "$FORGE/pid" >>"$PIDS"
    gives 0 "$IBCRED" rotate --resume --json
    [ "$(jq -c '.[0] | [.profile, .brought, .behind]' "$OUT")" = '["paper",3,0]' ]
    [ "$(at_github)" = "$NEW" ]
    [ "$(at_gitlab)" = "$NEW" ]
}

@test "a rejected password reaches no copy" {
    make_world
    forge_beside_docker
    provisioned
    IB_PASSWORD="wr0ng $MARK" "$IBCRED" rotate paper --from-env --quiet
    gives 77 "$IBCRED" up paper
    told 'was rejected and is burned'
    behind 0
    [ "$(at_github)" = "$PASSWORD" ]
    [ "$(at_gitlab)" = "$PASSWORD" ]
}
