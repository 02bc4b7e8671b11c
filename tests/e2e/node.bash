# shellcheck shell=bash
# node.bash - packages of npm, below the build directory, for *.bats here.

# install_packages FROM TO - what FROM/package-lock.json says, into TO/node_modules. Prints why it
# cannot be had; nothing where it can.
install_packages() {
    local from=$1 to=$2
    command -v node >/dev/null || { echo "there is no node" && return; }
    command -v npm >/dev/null || { echo "there is no npm" && return; }
    [ "$(node -p 'parseInt(process.versions.node) >= 18')" = true ] || { echo "node is older than 18" && return; }
    mkdir -p "$to"
    if ! cmp -s "$from/package-lock.json" "$to/installed" || [ ! -d "$to/node_modules" ]; then
        rm -f "$to/installed"
        cp "$from/package.json" "$from/package-lock.json" "$from/.npmrc" "$to/"
        (cd "$to" && npm ci --ignore-scripts >install.log 2>&1 </dev/null 3>&-) ||
            { echo "npm has no registry: $(grep -m 1 -i error "$to/install.log")" && return; }
        cp "$from/package-lock.json" "$to/installed"
    fi
}
