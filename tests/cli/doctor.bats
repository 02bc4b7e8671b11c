#!/usr/bin/env bats
# ibcred doctor on files as people have them: what it says, what it mends, and what it leaves alone.
load lib.bash

SPREADPILOT=$BATS_TEST_DIRNAME/../e2e/spreadpilot

# spreadpilot - its files, here.
spreadpilot() {
    cp "$SPREADPILOT/docker-compose.yml" "$SPREADPILOT/.env" .
    chmod 644 docker-compose.yml .env
}

# gateway LINE… - a compose file with nothing wrong but what the lines say.
gateway() {
    printf '%s\n' services: '  ib-gateway:' '    image: ghcr.io/gnzsnz/ib-gateway:10.30.1t' \
        '    stop_grace_period: 90s' "$@" >docker-compose.yml
}

# rules ARGUMENT… - what is found, a rule a line.
rules() {
    local status=0
    "$IBCRED" doctor --json "$@" >answer || status=$?
    [ "$status" -le 1 ]
    jq -r '.findings[].rule' answer
}

has_rule() {
    rules "${@:2}" | grep -qx "$1"
}

@test "SpreadPilot's set-up: what is wrong with it is found, mended or left to a person" {
    spreadpilot
    rules --files-only >before
    for rule in plaintext-env-file wrong-port open-port restart-loop unpinned-image; do
        grep -qx "$rule" before
    done
    status=0
    "$IBCRED" doctor --files-only --fix --yes >out || status=$?
    [ "$status" = 1 ]
    docker-compose config >config.out
    grep -q '127.0.0.1:4002:4004' config.out
    grep -q 'restart: "no"' config.out
    grep -q 'stop_grace_period: 90s' config.out
    rules --files-only | sort >after
    printf '%s\n' env-file-readable password-in-environment plaintext-env-file unpinned-image |
        diff - after
    # Comments and everything else are as they were.
    diff <(grep -v -e 4002 -e restart docker-compose.yml | grep -v stop_grace_period) \
        <(grep -v -e 4002 -e restart "$SPREADPILOT/docker-compose.yml")
}

@test "a consumer that the policy names outright makes no gateway of other services" {
    gateway '  mongo:' '    image: mongo:7' '    restart: always'
    policy 'delivery: {consumer: gnzsnz}'
    [ -z "$(rules --files-only)" ]
}

@test "with the override beside it, nothing is left of restart, port and environment" {
    spreadpilot
    cp "$BATS_TEST_DIRNAME/../../docker-compose.override.yml" .
    rules --files-only >found
    for rule in restart-loop open-port password-in-environment no-grace-period password-twice; do
        not grep -x "$rule" found
    done
    # Named with -f, the first file is read alone, and that is said.
    has_rule override-unused --files-only -f docker-compose.yml
    not has_rule override-unused --files-only -f docker-compose.yml -f docker-compose.override.yml
}

@test "exit codes: 0 without errors and warnings, 1 with, 66 without a file, 65 without YAML" {
    refused 66 "compose" "$IBCRED" doctor
    refused 66 "none.yml" "$IBCRED" doctor -f none.yml
    gateway '    restart: "no"'
    "$IBCRED" doctor --files-only >out 2>err
    [ ! -s out ]
    grep -q '0 errors' err
    echo 'services: {db: {image: mongo}}' >other.yml
    "$IBCRED" doctor --files-only -f other.yml >out
    grep -q 'note: .*\[no-gateway\]' out
    gateway '    restart: always'
    status=0
    "$IBCRED" doctor --files-only >out || status=$?
    [ "$status" = 1 ]
    printf 'services: [\n' >bad.yml
    refused 65 "bad.yml:" "$IBCRED" doctor -f bad.yml
    refused 64 "operand" "$IBCRED" doctor docker-compose.yml
    refused 64 "--fix" "$IBCRED" doctor --fix --sarif
}

@test "a finding says where, what, why, and what instead" {
    gateway '    restart: always'
    "$IBCRED" doctor --files-only >out 2>err || [ $? = 1 ]
    [ "$(wc -l <out)" = 3 ]
    sed -n 1p out | grep -q '^docker-compose.yml:5: error: .*always.* \[restart-loop\]$'
    sed -n 2p out | grep -q '^    Every start is a login'
    sed -n 3p out | grep -qx '    instead: restart: "no" (--fix)'
    grep -qx '1 error, 0 warnings, 0 notes in 1 file' err
    "$IBCRED" doctor --files-only --quiet 2>err >/dev/null || [ $? = 1 ]
    [ ! -s err ]
}

@test "--json has every part of a finding" {
    spreadpilot
    "$IBCRED" doctor --files-only --json >answer || [ $? = 1 ]
    jq -e '.files == ["docker-compose.yml"]
        and ([.findings[] | select(.severity == "error")] | length) == .errors
        and ([.findings[] | select(.severity == "warning")] | length) == .warnings
        and .notes == 0
        and (.findings | all(has("rule") and has("file") and has("why") and has("instead")
            and (.message | length > 0) and (.line | type == "number") and (.column > 0)))' answer
    jq -e '.findings[] | select(.rule == "open-port")
        | .line == 13 and .column == 9 and .fixable and .instead == "\"127.0.0.1:4002:4004\""' answer
}

@test "--sarif has the form that SARIF 2.1.0 asks for" {
    spreadpilot
    mkdir -p 'a dir/ü'
    mv docker-compose.yml .env 'a dir/ü'
    "$IBCRED" doctor --sarif -f 'a dir/ü/docker-compose.yml' --env-file 'a dir/ü/.env' >answer ||
        [ $? = 1 ]
    jq -e '.version == "2.1.0" and (.["$schema"] | endswith("sarif-2.1.0.json"))
        and (.runs | length) == 1' answer
    # 3.18.2, 3.49: a named rule for every id, none twice, its index its place
    jq -e '.runs[0].tool.driver | .name == "ibcred" and (.version | length > 0)
        and (.rules | map(.id) | (length == (unique | length)))
        and (.rules | all(.shortDescription.text and .help.text))' answer
    jq -e '.runs[0] | .tool.driver.rules as $rules | .results | length > 5
        and all(.ruleId == $rules[.ruleIndex].id and (.message.text | length > 0)
            and (.level | IN("error", "warning", "note")))' answer
    # 3.29.3, 3.30: a valid URI reference, and regions that begin at 1
    jq -e '[.runs[0].results[].locations[].physicalLocation]
        | length > 5 and all((.artifactLocation.uri | test("^[A-Za-z0-9._~/%:-]+$"))
            and (.region == null or (.region.startLine >= 1 and .region.startColumn >= 1)))' answer
    jq -e 'any(.runs[0].results[].locations[].physicalLocation.artifactLocation.uri;
        . == "a%20dir/%C3%BC/docker-compose.yml")' answer
    # 3.55 to 3.57: what to delete, and what to put there
    jq -e '[.runs[0].results[] | select(.fixes)] | length >= 3
        and all(.fixes[0].artifactChanges[0].replacements[0]
            | .deletedRegion.startLine >= 1 and (.deletedRegion.endColumn >= 1)
                and (.insertedContent.text | length > 0))' answer
    jq -e '.runs[0].results[] | select(.ruleId == "open-port")
        | .fixes[0].artifactChanges[0].replacements[0]
        | .deletedRegion == {"startLine": 13, "startColumn": 9, "endLine": 13, "endColumn": 20}
            and .insertedContent.text == "\"127.0.0.1:4002:4004\""' answer
}

# The patch out of what --fix says.
patch_of() {
    sed -n '/^--- /,/^[^-+@ \\]/p' "$1" | grep -E '^[-+@ \\]'
}

@test "--fix shows a patch that patch and git apply make the same file of" {
    spreadpilot
    mkdir -p sub
    { cat docker-compose.yml && printf '    # end'; } >sub/my.yml
    cp -r sub patched
    cp -r sub applied
    "$IBCRED" doctor --files-only --fix --yes --quiet -f sub/my.yml >out || [ $? = 1 ]
    patch_of out >fix.patch
    [ "$(grep -c '^@@' fix.patch)" -ge 1 ]
    patch -s -p2 -d patched <fix.patch
    cmp patched/my.yml sub/my.yml
    (cd applied && git apply -p2 ../fix.patch)
    cmp applied/my.yml sub/my.yml
    [ "$(tail -c 5 sub/my.yml)" = '# end' ]
}

@test "--fix asks, and without a yes or a terminal nothing is changed" {
    spreadpilot
    cp docker-compose.yml before
    status=0
    setsid -w "$IBCRED" doctor --files-only --fix >out 2>err </dev/null || status=$?
    [ "$status" = 64 ]
    grep -q -- '--yes' err
    cmp before docker-compose.yml
    status=0
    on_terminal n -- "$IBCRED" doctor --files-only --fix >out || status=$?
    [ "$status" = 64 ]
    cmp before docker-compose.yml
    status=0
    on_terminal y -- "$IBCRED" doctor --files-only --fix >out || status=$?
    [ "$status" = 1 ]
    grep -q '127.0.0.1:4002:4004' docker-compose.yml
}

@test "--fix keeps mode and owner, and follows a link to the file" {
    spreadpilot
    mkdir real
    mv docker-compose.yml real/
    ln -s real/docker-compose.yml docker-compose.yml
    chmod 640 real/docker-compose.yml
    [ "$(id -u)" != 0 ] || chown 12345:23456 real/docker-compose.yml
    before=$(stat -c '%a %u %g' real/docker-compose.yml)
    "$IBCRED" doctor --files-only --fix --yes --quiet >out || [ $? = 1 ]
    [ -L docker-compose.yml ]
    [ "$(stat -c '%a %u %g' real/docker-compose.yml)" = "$before" ]
    grep -q '127.0.0.1:4002:4004' real/docker-compose.yml
    [ "$(find . -name '*.new' | wc -l)" = 0 ]
}

@test "a file that changes while the patch is shown is not written" {
    # More than a pipe holds: the program waits until it is read, and by then the file is another.
    {
        echo services:
        for ((i = 0; i < 1500; i++)); do
            printf '  g%d:\n    image: ghcr.io/gnzsnz/ib-gateway:1\n    restart: always\n' "$i"
        done
    } >docker-compose.yml
    status=0
    {
        "$IBCRED" doctor --files-only --fix --yes --quiet 2>err || echo $? >status
    } | {
        read -r _
        echo '# changed' >>docker-compose.yml
        cat >/dev/null
    }
    [ "$(cat status)" = 75 ]
    grep -q 'changed since' err
    grep -q 'restart: always' docker-compose.yml
    tail -n 1 docker-compose.yml | grep -qx '# changed'
}

@test "where there is nothing to mend --fix says so and writes nothing" {
    spreadpilot
    sed -i -e '/restart/d' -e '/4002/d' -e '/ports/d' docker-compose.yml
    echo '    stop_grace_period: 90s' >>docker-compose.yml
    touch -d '2020-01-01' docker-compose.yml
    "$IBCRED" doctor --files-only --fix --yes >out 2>err || [ $? = 1 ]
    grep -q 'nothing here' err
    not grep '^@@' out
    [ "$(stat -c %Y docker-compose.yml)" = "$(date -d 2020-01-01 +%s)" ]
}

@test "no output shows a password, wherever it stands" {
    password=not-a-real-password-77
    gateway '    restart: always' '    environment:' "      TWS_PASSWORD: $password" \
        '      TWS_PASSWORD_FILE: /run/secrets/p' "      IB_PASS: $password" \
        "      # IB_PASSWORD: $password" "      TRADING_MODE: demo" '    ports:' \
        '      - 4002:4002'
    printf 'IB_PASSWORD=%s\n' "$password" >.env
    for option in --json --sarif --quiet --fix; do
        setsid -w "$IBCRED" doctor $option >>out 2>>err </dev/null || true
    done
    "$IBCRED" doctor --fix --yes >>out 2>>err || true
    grep -q '^@@' out
    not grep -F "$password" out err
}

@test "what a delivery wrote is no finding" {
    make_vault
    gateway '    environment:' "      TWS_USERID: \${IB_USERNAME}"
    file=$("$IBCRED" inject paper)
    grep -q IB_PASSWORD "$file"
    not has_rule plaintext-env-file --files-only --env-file "$file"
    cp "$file" copy.env
    has_rule plaintext-env-file --files-only --env-file copy.env
}

@test "an env file is tracked by the git that it lies in, and nothing of that repository is run" {
    mkdir -p project/conf
    cd project
    gateway
    printf 'IB_PASSWORD=x\n' >conf/my.env
    not has_rule env-file-tracked --files-only --env-file conf/my.env
    git init -q .
    not has_rule env-file-tracked --files-only --env-file conf/my.env
    git add conf/my.env
    has_rule env-file-tracked --files-only --env-file conf/my.env
    printf '#!/bin/sh\ntouch "%s/ran"\n' "$SCRATCH" >monitor
    chmod +x monitor
    git config core.fsmonitor "$PWD/monitor"
    has_rule env-file-tracked --files-only --env-file conf/my.env
    [ ! -e "$SCRATCH/ran" ]
    GIT_DIR=/nonexistent has_rule env-file-tracked --files-only --env-file conf/my.env
}

# stranger DIRECTORY - a partial clone whose index cannot be read whole without a fetch, and whose
# configuration names the program to fetch with: it leaves $SCRATCH/ran behind.
stranger() {
    git init -q "$1"
    (
        cd "$1" || return 1
        mkdir -p in out/deep
        echo 1 | tee in/a out/deep/b >top
        git add . && git -c user.email=a@b -c user.name=x commit -q -m 1
        tree=$(git rev-parse HEAD:out)
        git sparse-checkout set --cone --sparse-index in
        git clone -q --bare . "$SCRATCH/origin.git"
        rm ".git/objects/${tree:0:2}/${tree:2}"
        printf '#!/bin/sh\ntouch "%s/ran"\nexec git-upload-pack "$@"\n' "$SCRATCH" >"$SCRATCH/evil"
        chmod +x "$SCRATCH/evil"
        git config core.repositoryformatversion 1
        git config extensions.partialClone origin
        git config remote.origin.url "file://$SCRATCH/origin.git"
        git config remote.origin.promisor true
        git config remote.origin.uploadpack "$SCRATCH/evil"
        git config core.hooksPath "$SCRATCH/hooks"
    )
}

@test "a partial clone is not made to fetch, by a program that its configuration names" {
    stranger project
    cp -r project copy
    (cd copy && git ls-files >/dev/null)
    rm ran # so much for git as it is
    cd project
    gateway
    mkdir -p out/deep
    printf 'IB_PASSWORD=x\n' | tee .env >out/deep/b
    not has_rule env-file-tracked --files-only
    [ ! -e "$SCRATCH/ran" ]
    # Where the index has only the name of a tree that is not here.
    has_rule plaintext-env-file --files-only --env-file out/deep/b
    [ ! -e "$SCRATCH/ran" ]
    # The identity in it, which git is asked about too.
    make_vault
    cp "$IBCRED_IDENTITY_FILE" identity
    IBCRED_IDENTITY_FILE=$PWD/identity has_rule identity-in-git
    [ ! -e "$SCRATCH/ran" ]
}

@test "where git refuses to look, that is said, and it is no fault" {
    gateway
    printf 'IB_PASSWORD=x\n' >.env
    chmod 600 .env
    git init -q .
    not has_rule env-file-unknown --files-only
    echo broken >.git/HEAD
    has_rule env-file-unknown --files-only
    "$IBCRED" doctor --files-only --json >answer || [ $? = 1 ]
    jq -e '.notes == 1 and (.findings[] | select(.rule == "env-file-unknown")
        | .severity == "note" and .file == ".env" and .line == 1)' answer
    if [ "$(id -u)" = 0 ]; then
        rm -rf .git
        git init -q .
        chown -R 12345 .
        has_rule env-file-unknown --files-only
    fi
}

@test "an identity that git ignores is not in git" {
    make_vault
    gateway
    git init -q .
    has_rule identity-in-git
    basename "$IBCRED_IDENTITY_FILE" >.gitignore
    not has_rule identity-in-git
    git add -f "$IBCRED_IDENTITY_FILE"
    has_rule identity-in-git
}

@test "a policy that is none is a finding, and all else is judged by the built-in one" {
    gateway '    environment: [TRADING_MODE=live]'
    policy 'modes: {paper: true, live: true}'
    chmod 600 "$IBCRED_POLICY"
    [ -z "$(rules --files-only)" ]
    echo 'no_such_key: 1' >>"$IBCRED_POLICY"
    [ "$(rules --files-only | sort | xargs)" = 'invalid-policy mode-not-allowed' ]
    "$IBCRED" doctor --files-only >out || [ $? = 1 ]
    grep -q "$IBCRED_POLICY.*no_such_key.*\[invalid-policy\]" out
    policy 'modes: {paper: true, live: true}'
    chmod 666 "$IBCRED_POLICY"
    [ "$(rules --files-only | sort | xargs)" = 'mode-not-allowed open-policy' ]
    IBCRED_POLICY=$SCRATCH/none refused 66 none "$IBCRED" doctor
}

@test "commands that are to be typed hold their file as one word" {
    mkdir "it's; touch ran"
    gateway
    mv docker-compose.yml "it's; touch ran/"
    printf 'IB_PASSWORD=x\n' >"it's; touch ran/.env"
    chmod 644 "it's; touch ran/.env"
    "$IBCRED" doctor --files-only --json -f "it's; touch ran/docker-compose.yml" >answer || [ $? = 1 ]
    command=$(jq -r '.findings[] | select(.rule == "env-file-readable") | .instead' answer)
    [ "$command" = "chmod 600 'it'\''s; touch ran/.env'" ]
    sh -c "$command"
    [ "$(stat -c %a "it's; touch ran/.env")" = 600 ]
    [ ! -e ran ]
    command=$(jq -r '.findings[] | select(.rule == "plaintext-env-file") | .instead' answer)
    [ "$command" = "ibcred seal paper --kind paper --from 'it'\''s; touch ran/.env' --scrub" ]
    printf 'IB_PASSWORD=x\n' >-rf
    chmod 644 ./-rf
    gateway
    "$IBCRED" doctor --files-only --json --env-file=-rf >answer || [ $? = 1 ]
    jq -e 'any(.findings[]; .instead == "chmod 600 ./-rf")' answer
}

@test "what is advised for an env file can be typed" {
    make_vault
    gateway
    printf 'IB_USERNAME=trader8\nIB_PASSWORD=x-y-z\n' >.env
    chmod 600 .env
    "$IBCRED" remove paper --yes --quiet
    "$IBCRED" doctor --files-only --json >answer || [ $? = 1 ]
    command=$(jq -r '.findings[] | select(.rule == "plaintext-env-file") | .instead' answer)
    sh -c "\"$IBCRED\" ${command#ibcred } --quiet"
    [ -z "$(rules --files-only)" ]
    "$IBCRED" list --json | grep -q paper
}

@test "the machine is looked at: ibcred's own files, the runtime directory, the daemon" {
    make_vault
    gateway
    policy '{}'
    chmod 600 "$IBCRED_POLICY"
    rules | grep -v -e clock-off -e swap >found || true
    [ ! -s found ]
    chmod 644 "$IBCRED_VAULT"
    has_rule open-vault
    chmod 640 "$IBCRED_IDENTITY_FILE"
    has_rule open-identity
    chmod 664 "$IBCRED_POLICY"
    has_rule open-policy
    not has_rule invalid-policy
    chmod 600 "$IBCRED_POLICY"
    IBCRED_RUNTIME_DIR=/proc has_rule runtime-on-disk
    [ -e "$IBCRED_RUNTIME_DIR" ]
    DOCKER_HOST=tcp://example.com:2375 has_rule daemon-exposed
    DOCKER_HOST=tcp://example.com:2376 DOCKER_TLS_VERIFY=1 not has_rule daemon-exposed
    DOCKER_HOST=tcp://127.0.0.1:2375 not has_rule daemon-exposed
    DOCKER_HOST=ssh://example.com not has_rule daemon-exposed
    not has_rule identity-in-git
    mkdir .git
    has_rule identity-in-git
    # None of it with --files-only.
    DOCKER_HOST=tcp://example.com:2375 rules --files-only >found
    [ ! -s found ]
}

@test "a clock that stands before the last line of the audit log is found" {
    make_vault
    gateway
    "$IBCRED" inject paper >/dev/null
    "$IBCRED" doctor --json >answer || true
    not grep 'before the last line' answer
    log=$(grep -l '"time":' "$IBCRED_STATE_DIR"/audit-*)
    sed -i 's/"time":"20../"time":"2099/' "$log"
    has_rule clock-off
    "$IBCRED" doctor --json >answer || true
    grep -q 'before the last line of the audit log' answer
}

@test "a mode that no profile fits is found where the vault opens without a question" {
    make_vault
    policy 'modes: {paper: true, live: true}'
    gateway '    environment: [TRADING_MODE=live]'
    has_rule mode-without-profile
    seal_as real live
    not has_rule mode-without-profile
    "$IBCRED" remove real --yes --quiet
    not has_rule mode-without-profile --files-only
    before=$(cat "$IBCRED_STATE_DIR"/* | sha256sum)
    has_rule mode-without-profile
    # Nothing is charged, written down or asked, and a vault that does not open is no finding.
    [ "$(cat "$IBCRED_STATE_DIR"/* | sha256sum)" = "$before" ]
    IBCRED_IDENTITY_FILE=$SCRATCH/none not has_rule mode-without-profile
    rm "$IBCRED_VAULT"
    not has_rule mode-without-profile
}

@test "what Compose is told counts: env file, variables, profiles, \$COMPOSE_FILE" {
    gateway "    restart: \${RESTART:-no}" "    ports: ['\${WHERE:-127.0.0.1}:4002:4004']"
    [ -z "$(rules --files-only)" ]
    printf 'RESTART=always\n' >my.env
    [ "$(rules --files-only --env-file my.env)" = restart-loop ]
    [ "$(WHERE=0.0.0.0 rules --files-only)" = open-port ]
    mv docker-compose.yml elsewhere.yml
    [ "$(WHERE=0.0.0.0 COMPOSE_FILE=elsewhere.yml rules --files-only)" = open-port ]
    refused 66 "none.env" "$IBCRED" doctor -f elsewhere.yml --env-file none.env
}
