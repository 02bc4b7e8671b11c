#!/usr/bin/env bats
# ibcred doctor on names and files that were made to trouble it: what it prints, and what it mends.
load lib.bash

# gateway FILE LINE… - a compose file with nothing wrong but what the lines say.
gateway() {
    printf '%s\n' services: '  ib-gateway:' '    image: ghcr.io/gnzsnz/ib-gateway:10.30.1t' \
        '    stop_grace_period: 90s' "${@:2}" >"$1"
}

# doctor ARGUMENT… - finds something; its answer is in `out`.
doctor() {
    local status=0
    "$IBCRED" doctor --files-only "$@" >out 2>err || status=$?
    [ "$status" = 1 ]
}

# fix ARGUMENT… - mends; the patch is in `out`, and there may be something left.
fix() {
    local status=0
    "$IBCRED" doctor --files-only --fix --yes "$@" >out 2>err || status=$?
    [ "$status" -le 1 ]
}

@test "no name drives the terminal, neither in a finding nor above a patch" {
    local name=$'a\033[2J\n\u009b31m\u202eb.yml'
    gateway "$name" '    restart: always'
    doctor -f "$name"
    [ "$(head -c 20 out)" = 'a?[2J??31m?b.yml:5: ' ]
    fix -f "$name"
    grep -q '^    restart: "no"$' "$name"
    grep -qxF -- '--- a/a?[2J??31m?b.yml' out
    # No control character but the newline, none of C1, none that turns the text round.
    not grep -qP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xaa-\xae]' out
}

@test "names that are not UTF-8 lose no finding" {
    local name=$'a\xff.yml'
    gateway "$name" '    restart: always'
    doctor --json -f "$name"
    [ "$(jq -c '[.files, [.findings[] | [.rule, .file, .line]], .errors]' out)" = \
        '[["a?.yml"],[["restart-loop","a?.yml",5]],1]' ]
    doctor --sarif -f "$name"
    [ "$(jq -r '.runs[0].results[0] | .ruleId, .locations[0].physicalLocation.artifactLocation.uri' \
        out)" = $'restart-loop\na%FF.yml' ]
}

@test "a control character in a name is JSON's to escape" {
    gateway $'a\033.yml' '    restart: always'
    doctor --json -f $'a\033.yml'
    [ "$(jq -c '.findings[0].file' out)" = '"a\u001b.yml"' ]
}

@test "patch takes a patch of a file with a space in its name" {
    gateway 'my file.yml' '    restart: always'
    cp 'my file.yml' before
    fix -f 'my file.yml'
    cp 'my file.yml' after
    cp before 'my file.yml'
    patch -p1 <out
    cmp 'my file.yml' after
}

@test "what --fix leaves is a file that docker-compose takes" {
    gateway docker-compose.yml '    restart: "no"' '    ports:' '      - "0.0.0.0:4002:4004"' \
        '      - "[::]:4002:4004"'
    docker-compose config >/dev/null
    fix
    docker-compose config >printed
    [ "$(grep -c 127.0.0.1:4002:4004 printed)" = 1 ]
    # The other one is still found, for a person to decide.
    doctor --json
    [ "$(jq -c '[.findings[] | [.rule, .line, .fixable]]' out)" = '[["open-port",8,false]]' ]
}

@test "a file that only extends reaches is judged, and not edited" {
    mkdir shared
    gateway shared/base.yml '    restart: always'
    cat >docker-compose.yml <<'END'
services:
  ib-gateway: {extends: {file: shared/base.yml, service: ib-gateway}}
END
    cp shared/base.yml before
    doctor --json
    [ "$(jq -c '.findings[] | [.rule, .file, .fixable]' out)" = \
        '["restart-loop","shared/base.yml",false]' ]
    fix
    cmp shared/base.yml before
    # Named, it is one of the project's own.
    fix -f docker-compose.yml -f shared/base.yml
    grep -q 'restart: "no"' shared/base.yml
}

@test "with COMPOSE_FILE the env files that count are those beside the compose file" {
    mkdir deploy
    gateway deploy/compose.yml '    env_file: gw.env'
    printf 'TWS_PASSWORD=hunter2hunter2\n' >deploy/gw.env
    chmod 600 deploy/gw.env
    COMPOSE_FILE=deploy/compose.yml doctor --json
    jq -r '.findings[] | .rule + " " + .file' out | grep -x 'plaintext-env-file deploy/gw.env'
    printf 'COMPOSE_FILE=deploy/compose.yml\n' >.env
    doctor --json
    jq -r '.findings[] | .rule + " " + .file' out | grep -x 'plaintext-env-file deploy/gw.env'
}

# Of these the work must not grow with the square: seconds of the processor, whatever else runs.
@test "a line of four megabytes is looked at once" {
    gateway docker-compose.yml '    restart: always'
    { printf '# ' && head -c 1300000 /dev/zero | sed 's/\x0/key/g' && echo; } >>docker-compose.yml
    (ulimit -t 20 && doctor)
    grep -q restart-loop out
}

@test "a quarter of a million gateways are each looked at once" {
    {
        printf '%s\n' 'x-g: &g {image: ghcr.io/gnzsnz/ib-gateway:10.30.1t}' services:
        seq 250000 | sed 's/.*/ s&: *g/'
    } >docker-compose.yml
    (ulimit -t 20 && doctor)
    [ "$(grep -c no-grace-period out)" = 250000 ]
}
