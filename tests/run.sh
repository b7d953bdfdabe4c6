#!/bin/sh
# Runs test programs one after the other; prints Check's own summaries and, at the end, the totals.
set -u
log=${BUILD:-build}/check.log
: >"$log"
failed=
start=$(date +%s)
for t in "$@"; do
    out=${BUILD:-build}/$(basename "$t").out
    case $t in
    */replay_*) name=${t##*/replay_}; set -- "tests/fuzz/corpus/$name"; echo "== replay $name" ;;
    *) set --; echo "== $(basename "$t")" ;;
    esac
    case ${SN_NARROW:-}$(basename "$t") in
    1check_golden | 1check_digest) CK_RUN_CASE=narrow; export CK_RUN_CASE ;;
    *) unset CK_RUN_CASE ;;
    esac
    t0=$(date +%s)
    if "$t" "$@" >"$out" 2>&1; then
        grep -E '^([0-9]+%: Checks|skipped|replayed|note:)' "$out"
    else
        cat "$out"
        failed="$failed $(basename "$t")"
    fi
    t1=$(date +%s)
    [ $((t1 - t0)) -lt 5 ] || echo "   $((t1 - t0)) s"
    cat "$out" >>"$log"
done
awk '/Checks: [0-9]+, Failures/ { gsub(/,/, ""); for (i = 1; i < NF; i++) { if ($i == "Checks:") c += $(i + 1); if ($i == "Failures:") f += $(i + 1); if ($i == "Errors:") e += $(i + 1) } }
     /^skipped: / { s += $2 } /^replayed / { r += $2 }
     END { printf "\nChecks: %d, Failures: %d, Errors: %d\nfuzz corpus files replayed: %d\nskipped for missing data: %d%s\n", c, f, e, r, s, s ? " (set SENTINODE_DATA to the folder of real test material)" : "" }' "$log"
echo "time: $(($(date +%s) - start)) s"
[ -z "$failed" ] || { echo "FAILED:$failed"; exit 1; }
