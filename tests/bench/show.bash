# shellcheck shell=bash
# show.bash - one figure of the bench, beside its bar.

# show WHAT FIGURE BAR DETAIL
show() {
    local mark=ok
    awk -v r="$2" -v b="$3" 'BEGIN {exit !(r > b)}' && mark='OVER THE BAR'
    printf '%-44s %8s  (at most %s)  %-12s %s\n' "$1" "$2" "$3" "$mark" "$4"
}
