#!/usr/bin/env bats
load lib.bash

@test "seal takes the two fields out of a dotenv file, and nothing else" {
    "$IBCRED" init --quiet
    printf 'A=1\nIB_USERNAME=%s\nIB_PASSWORD="x y"\nMONGO=m\n' "$NAME" >.env
    "$IBCRED" seal paper --kind paper --from .env --quiet
    [ "$("$IBCRED" show paper --reveal | cat)" = "IB_PASSWORD=x y
IB_USERNAME=$NAME" ]
}

@test "further fields come with --field, and stay when the password is sealed anew" {
    "$IBCRED" init --quiet
    printf 'IB_USERNAME=u1\nIB_PASSWORD=p1\nMONGO=m1\n' >.env
    "$IBCRED" seal paper --kind paper --from .env --field MONGO --quiet
    printf 'IB_USERNAME=u1\nIB_PASSWORD=p2\n' | "$IBCRED" seal paper --stdin --quiet
    [ "$("$IBCRED" show paper --reveal --field MONGO | cat)" = m1 ]
    [ "$("$IBCRED" show paper --reveal --field IB_PASSWORD | cat)" = p2 ]
    [ "$("$IBCRED" show paper --json | jq -c '[.versions[].state]')" = '["retired","active"]' ]
}

@test "--scrub takes the lines out of the file and leaves every other byte" {
    "$IBCRED" init --quiet
    printf '# top\nIB_USERNAME=u1\nA="1" # one\n\nIB_PASSWORD=p1\r\nB=2' >.env
    chmod 640 .env
    "$IBCRED" seal paper --kind paper --from .env --scrub --quiet
    [ "$(cat .env)" = '# top
A="1" # one

B=2' ]
    [ "$(stat -c %a .env)" = 640 ]
}

@test "a file that could not be sealed is not scrubbed" {
    "$IBCRED" init --quiet
    printf 'IB_USERNAME=DU1234567\nIB_PASSWORD=p1\n' >.env
    before=$(sha256sum .env)
    refused 64 "account id" "$IBCRED" seal paper --kind paper --from .env --scrub
    [ "$before" = "$(sha256sum .env)" ]
}

@test "seal takes variables, dotenv and JSON from stdin" {
    "$IBCRED" init --quiet
    IB_USERNAME=u1 IB_PASSWORD='a b' "$IBCRED" seal one --kind paper --from-env --quiet
    printf '%s\n' '{"IB_USERNAME":"u2","IB_PASSWORD":"é\\\"","OTHER":1}' |
        "$IBCRED" seal two --kind live --stdin --quiet
    [ "$("$IBCRED" show one --reveal --field IB_PASSWORD | cat)" = 'a b' ]
    [ "$("$IBCRED" show two --reveal --field IB_PASSWORD | cat)" = 'é\"' ]
    [ "$("$IBCRED" list --json | jq -c '[.[] | [.profile, .kind]]')" = \
        '[["one","paper"],["two","live"]]' ]
}

@test "seal asks on the terminal: the password twice and never shown" {
    "$IBCRED" init --quiet
    on_terminal u1 hush1 hush1 -- "$IBCRED" seal paper --kind paper >typescript
    not grep -q hush1 typescript
    [ "$("$IBCRED" show --reveal --field IB_PASSWORD | cat)" = hush1 ]
    on_terminal u1 hush1 other -- "$IBCRED" seal second --kind paper >typescript || true
    grep -q "not the same twice" typescript
    refused 66 "second" "$IBCRED" show second
}

@test "a value that Compose v1 and v2 read differently is named, and asks for --format" {
    "$IBCRED" init --quiet
    printf 'IB_USERNAME=u1\nIB_PASSWORD='"'"'a\\\\b'"'"'\n' >.env
    refused 78 "IB_PASSWORD" "$IBCRED" seal paper --kind paper --from .env
    grep -q -- "--format" err
    grep -q ".env:2" err
    "$IBCRED" seal v1 --kind paper --from .env --format compose-v1 --quiet
    "$IBCRED" seal v2 --kind paper --from .env --format compose-v2 --quiet
    [ "$("$IBCRED" show v1 --reveal --field IB_PASSWORD | cat)" = 'a\b' ]
    [ "$("$IBCRED" show v2 --reveal --field IB_PASSWORD | cat)" = 'a\\b' ]
}

@test "what cannot be sealed is refused in one sentence and writes nothing" {
    make_vault
    before=$(sha256sum "$IBCRED_VAULT")
    refused 64 "--kind" "$IBCRED" seal new --from-env --kind demo
    refused 64 "exclude" "$IBCRED" seal new --from-env --stdin
    refused 64 "--scrub" "$IBCRED" seal new --scrub
    refused 64 "name the profile" "$IBCRED" seal
    refused 64 "name the profile" "$IBCRED" seal 'No Such'
    refused 66 "IB_USERNAME" "$IBCRED" seal new --kind paper --from-env
    refused 66 "none.env" "$IBCRED" seal new --kind paper --from none.env
    printf 'IB_USERNAME=u1\n' >half.env
    refused 66 "IB_PASSWORD" "$IBCRED" seal new --kind paper --from half.env
    printf 'IB_USERNAME=u1\nIB_PASSWORD=p1\n' >.env
    refused 64 "is new" "$IBCRED" seal new --from .env
    refused 78 "sealed as paper" "$IBCRED" seal paper --kind live --from .env
    refused 64 "terminal" "$IBCRED" seal new --kind paper
    [ "$before" = "$(sha256sum "$IBCRED_VAULT")" ]
}

@test "an account that contradicts the kind needs --force" {
    "$IBCRED" init --quiet
    printf 'IB_USERNAME=u1\nIB_PASSWORD=p1\n' >.env
    refused 78 "U1234567" "$IBCRED" seal p --kind paper --account U1234567 --from .env
    "$IBCRED" seal p --kind paper --account DU1234567 --from .env --quiet
}

@test "a username that contradicts the kind needs --force" {
    "$IBCRED" init --quiet
    printf 'IB_USERNAME=paperjoe\nIB_PASSWORD=p1\n' >.env
    refused 78 "--force" "$IBCRED" seal live --kind live --from .env
    "$IBCRED" seal live --kind live --from .env --force --quiet
}

@test "newline, CR, NUL and bytes that are not UTF-8 are refused at seal, by field" {
    "$IBCRED" init --quiet
    for value in '"a\nb"' '"a\rb"' '"a\u0000b"'; do
        echo "{\"IB_USERNAME\":\"u1\",\"IB_PASSWORD\":$value}" >bad.json
        refused 65 "bad.json" "$IBCRED" seal p --kind paper --from bad.json
    done
    printf 'IB_USERNAME=u1\nIB_PASSWORD=a\377b\n' >.env
    refused 65 ".env:2" "$IBCRED" seal p --kind paper --from .env
    IB_USERNAME=u1 IB_PASSWORD=$'a\nb' refused 64 "IB_PASSWORD" "$IBCRED" seal p --kind paper --from-env
    refused 66 "p" "$IBCRED" show p
}

@test "malformed dotenv and JSON are refused with file and line" {
    "$IBCRED" init --quiet
    printf '{"IB_USERNAME": "hidden-name",\n "IB_PASSWORD": }' >bad2.json
    refused 65 "bad2.json:2" "$IBCRED" seal p --kind paper --from bad2.json
    not grep -q hidden-name err
    printf '{"IB_USERNAME":"a","IB_USERNAME":"b","IB_PASSWORD":"c"}' >twice.json
    refused 65 "twice.json" "$IBCRED" seal p --kind paper --from twice.json
    printf 'A=1\nIB_USERNAME="open\nIB_PASSWORD=x\n' >bad.env
    status=0
    "$IBCRED" seal p --kind paper --from bad.env >out 2>err || status=$?
    [ "$status" = 65 ] || [ "$status" = 78 ]
    grep -q "bad.env:2" err
}

@test "remove takes a profile out, after a yes" {
    make_vault
    refused 64 "--yes" setsid -w "$IBCRED" remove paper
    "$IBCRED" remove paper --yes --quiet
    refused 66 "paper" "$IBCRED" show paper
    refused 66 "paper" "$IBCRED" remove paper --yes
    [ "$("$IBCRED" list --json | jq length)" = 0 ]
}

@test "show tells about versions and never their secrets, unless asked and piped" {
    make_vault
    "$IBCRED" show paper >out
    "$IBCRED" show paper --json >>out
    "$IBCRED" list >>out
    not grep -qF "$SECRET" out
    not grep -qF "$NAME" out
    on_terminal -- "$IBCRED" show paper --reveal >typescript || true
    grep -q "terminal" typescript
    not grep -qF "$SECRET" typescript
    on_terminal -- "$IBCRED" show paper --reveal --force >typescript
    grep -qF "$SECRET" typescript
    [ "$("$IBCRED" show --reveal --json | jq -r .IB_PASSWORD)" = "$SECRET" ]
}

@test "a value that refers to a variable outside the file is refused" {
    "$IBCRED" init --quiet
    printf 'IB_USERNAME=u1\nIB_PASSWORD=abc${HOME}def\n' >.env
    refused 78 ".env:2" "$IBCRED" seal p --kind paper --from .env
    printf 'A=x\nIB_USERNAME=u1\nIB_PASSWORD=abc${A}def\n' >.env
    "$IBCRED" seal p --kind paper --from .env --quiet
    [ "$("$IBCRED" show p --reveal --field IB_PASSWORD | cat)" = abcxdef ]
}

@test "what cannot be scrubbed is not sealed either" {
    make_vault
    before=$(sha256sum "$IBCRED_VAULT")
    echo '{"IB_USERNAME":"u1","IB_PASSWORD":"p1"}' >s.json
    refused 64 "JSON" "$IBCRED" seal paper --from s.json --scrub
    [ "$before" = "$(sha256sum "$IBCRED_VAULT")" ]
}

@test "nothing that was typed in a wrong place is echoed" {
    make_vault
    for arguments in "paper hunter2" "paper --password=hunter2" "paper --identity AGE-SECRET-KEY-1hunter2"; do
        status=0
        # shellcheck disable=SC2086 # words on purpose
        "$IBCRED" seal $arguments --from-env >out 2>err || status=$?
        [ "$status" = 64 ] || [ "$status" = 66 ]
        not grep -q hunter2 out err
    done
    IBCRED_PASSPHRASE_FD=hunter2 refused 64 "IBCRED_PASSPHRASE_FD" "$IBCRED" init --passphrase --vault v2
    not grep -q hunter2 err
}

@test "a signal at the prompt leaves the terminal with its echo" {
    "$IBCRED" init --quiet
    cat >prompt <<SH
(sleep 1; pkill -TERM -f "^$IBCRED seal signalled") &
"$IBCRED" seal signalled --kind paper
stty -a | grep -qw -- '-echo' && echo silent || echo echoing
SH
    on_terminal u1 -- bash prompt >typescript || true
    grep -q echoing typescript
}
