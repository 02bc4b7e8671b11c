# rotate.bash - passwords that are staged, and what becomes of them.
# shellcheck shell=bash
load lib.bash

NEW='n3w pa5s#!=&%"y'

# stage [PASSWORD [PROFILE]]
stage() {
    IB_PASSWORD=${1:-$NEW} "$IBCRED" rotate "${2:-paper}" --from-env --quiet
}

# states [PROFILE] - of all versions, in their order.
states() {
    "$IBCRED" show "${1:-paper}" --json | jq -r '[.versions[].state] | join(" ")'
}

# is STATES [PROFILE]
is() {
    [ "$(states "${2:-paper}")" = "$1" ] || {
        echo "expected $1, got $(states "${2:-paper}")"
        return 1
    }
}

# password [OPTION…] - what a release hands out.
password() {
    "$IBCRED" exec paper "$@" -- sh -c 'printf %s "$IB_PASSWORD"' 2>"$SCRATCH/err"
}

# later SECONDS COMMAND… - with all clocks set forward. A static program cannot be preloaded over;
# build/preloadable has the same one with shared libraries. What it writes stays ahead, so bend further next time.
later() {
    local seconds=$1
    shift
    faketime -f "+${seconds}s" "$@"
}

# try OUTCOME - the staged version's first login comes to it.
try() {
    "$IBCRED" inject paper --staged >/dev/null
    "$IBCRED" report paper "$1" --quiet
}

# audited VERDICT VERSION - the audit log's last line about a rotation says so, and it is whole.
audited() {
    "$IBCRED" audit verify --quiet
    [ "$("$IBCRED" audit | jq -rs '[.[] | select(.event == "rotate")] | last | "\(.verdict) \(.version)"')" = \
        "$1 $2" ]
}

gate() {
    "$IBCRED" gate paper --json 2>/dev/null | jq -r "$1"
}
