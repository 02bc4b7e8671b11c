# shellcheck shell=bash
# common.sh - what the scripts share: talking, failing in one sentence, and installing packages.

say() {
    printf '%s\n' "$*" >&2
}

die() {
    say "${0##*/}: $*"
    exit 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# Run a command as root: as it is for root, through sudo for everybody else.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        die "cannot run '$1' as root: you are not root and sudo is not installed; run this as root, or install sudo."
    fi
}

# Print those of the packages named that are not installed, one a line.
missing_packages() {
    local package
    for package in "$@"; do
        dpkg-query -W -f '${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed ||
            printf '%s\n' "$package"
    done
}

# Install those of the packages named that are missing; ask the network only when there are some.
# The output of apt-get goes to the file that is the first argument.
install_missing() {
    local log=$1 missing
    shift
    mapfile -t missing < <(missing_packages "$@")
    [ ${#missing[@]} -gt 0 ] || return 0
    have apt-get ||
        die "this machine has no apt-get; install what stands for these by hand: ${missing[*]}"
    say "Installing: ${missing[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update >"$log" 2>&1 </dev/null ||
        die "apt-get update failed; its last words: $(tail -n 1 "$log") (all of them: $log)"
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get -q install -y --no-install-recommends "${missing[@]}" >>"$log" 2>&1 </dev/null ||
        die "apt-get could not install ${missing[*]}; its last words: $(tail -n 1 "$log") (all of them: $log)"
}

# Make a new directory on a tmpfs, where secrets may lie in the clear for a moment, and print it.
make_tmpfs_directory() {
    local place
    for place in "${XDG_RUNTIME_DIR:-}" /run /dev/shm; do
        if [ -n "$place" ] && [ -w "$place" ] && [ "$(stat -f -c %T "$place")" = tmpfs ]; then
            mktemp -d "$place/ibcred.XXXXXX"
            return
        fi
    done
    die "no tmpfs to write to: neither \$XDG_RUNTIME_DIR, /run nor /dev/shm is a writable tmpfs; mount one on /dev/shm."
}
