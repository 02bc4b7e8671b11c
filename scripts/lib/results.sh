# shellcheck shell=bash
# results.sh - counting what a suite's output says, in either of two forms: TAP lines (bats, and
# cmocka with CMOCKA_MESSAGE_OUTPUT=TAP) and lines "N passed, N failed[, N skipped]".

# Print "PASSED FAILED SKIPPED" for the output in file $1 of a suite that ended with status $2.
# A suite that counts nothing is one test, and status 77 means that it was skipped. One that failed
# without counting a failure (a crash) has one more.
count_results() {
    awk -v status="$2" '
        /^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$/ {
            passed += $1; failed += $3; skipped += $5; next
        }
        /^(not )?ok( .*)?# *[Ss][Kk][Ii][Pp]/ { skipped++; next }
        /^ok( |$)/                            { passed++; next }
        /^not ok( |$)/                        { failed++; next }
        END {
            counted = passed + failed + skipped
            if (status == 77 && counted == 0)
                skipped = 1
            else if (status != 0 && failed == 0)
                failed = 1
            else if (counted == 0)
                passed = 1
            print passed + 0, failed + 0, skipped + 0
        }' "$1"
}
