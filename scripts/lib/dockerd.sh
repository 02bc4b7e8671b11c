# shellcheck shell=bash
# dockerd.sh - a Docker daemon of our own, which shares nothing with one that may run already.
#
# It lives in network and mount namespaces of its own: its bridges, its published ports (on a
# loopback that nobody else sees) and its mounts are not the machine's, and vanish with it. The
# tests can thus publish port 4002 beside a gateway that trades. Everything else of it lies in one
# directory, which must have a short path (the limit of a socket's name is 107 bytes).
#
# Needs common.sh.

dockerd_socket() {
    printf '%s/docker.sock' "$1"
}

# The process id of the daemon of directory $1; fails when it does not run.
dockerd_pid() {
    local pid
    pid=$(cat "$1/pid" 2>/dev/null) || return 1
    # A stale file may name a process of somebody else by now.
    grep -qzF -- "$1/data" "/proc/$pid/cmdline" 2>/dev/null || return 1
    printf '%s\n' "$pid"
}

dockerd_answers() {
    docker -H "unix://$(dockerd_socket "$1")" version >/dev/null 2>&1
}

# Start a daemon in directory $1, with what further options follow, and wait until it answers, 30
# seconds at most. Its log is $1/log. Fails with a sentence where it cannot run. With
# DOCKERD_NETWORK=/proc/PID/ns/net it goes into that network instead of a new one.
dockerd_start() {
    local directory=$1 network=(unshare --net) starter tries
    shift
    [ -z "${DOCKERD_NETWORK:-}" ] || network=(nsenter "--net=$DOCKERD_NETWORK")

    mkdir -p "$directory/data" "$directory/exec" || return 1
    as_root "${network[@]}" unshare --mount --propagation slave sh -c '
        directory=$1 group=$2
        shift 2
        ip link set lo up
        exec dockerd --host "unix://$directory/docker.sock" --group "$group" \
            --pidfile "$directory/pid" --data-root "$directory/data" \
            --exec-root "$directory/exec" --bridge none --iptables=false --ip6tables=false \
            --default-address-pool base=10.213.0.0/16,size=24 "$@"' \
        sh "$directory" "$(id -gn)" "$@" >"$directory/log" 2>&1 </dev/null 3>&- &
    starter=$!
    disown "$starter"
    for ((tries = 0; tries < 300; tries++)); do
        dockerd_answers "$directory" && return 0
        [ -d "/proc/$starter" ] || break
        sleep 0.1
    done
    say "dockerd cannot run here: $(grep -v level=info "$directory/log" | tail -n 1)"
    return 1
}

# The process id of the containerd that the daemon of directory $1 runs; fails when it does not run.
containerd_pid() {
    local pid
    pid=$(cat "$1/exec/containerd/containerd.pid" 2>/dev/null) || return 1
    # One that has ended and that nobody waits for has no command line.
    grep -qzF -- "$1/exec/containerd" "/proc/$pid/cmdline" 2>/dev/null || return 1
    printf '%s\n' "$pid"
}

# End the daemon of directory $1 by the signal $2, and wait for it, 30 seconds at most.
dockerd_end() {
    local pid tries

    pid=$(dockerd_pid "$1") || return 0
    as_root kill "-$2" "$pid"
    for ((tries = 0; tries < 300; tries++)); do
        if ! dockerd_pid "$1" >/dev/null && ! containerd_pid "$1" >/dev/null; then
            # Killed, it leaves this file, and the next daemon takes a process that nobody waits for
            # for a containerd that runs.
            as_root rm -f "$1/exec/containerd/containerd.pid"
            return 0
        fi
        sleep 0.1
    done
    return 1
}

# Stop the daemon of directory $1 with its containers and remove the directory.
dockerd_stop() {
    local directory=$1

    if ! dockerd_end "$directory" TERM; then
        say "dockerd of $directory does not end by SIGTERM: killing it"
        dockerd_end "$directory" KILL
        sleep 1
    fi
    as_root rm -rf --one-file-system -- "$directory"
}

# Run a command in the network of the daemon of directory $1, where its published ports are.
in_dockerd_network() {
    local pid
    pid=$(dockerd_pid "$1") || return 1
    shift
    as_root nsenter --net="/proc/$pid/ns/net" -- "$@"
}
