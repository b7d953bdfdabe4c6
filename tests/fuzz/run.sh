#!/bin/sh
# Fuzzes each target for FUZZ_SECONDS from its corpus; new inputs stay under build/fuzz, crashes too. FUZZ_TIMEOUT: seconds
# one input may take, by the clock on the wall (default 2; more on a busy machine).
set -eu
for t in "$@"; do
    name=${t#fuzz_}
    make -s -j"$(getconf _NPROCESSORS_ONLN)" CC=clang BUILD=build/fuzz OPT=-O1 \
        CFLAGS="-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined" "build/fuzz/$t"
    mkdir -p "build/fuzz/found/$name"
    echo "== $name, ${FUZZ_SECONDS:-60} s"
    "build/fuzz/$t" -max_total_time="${FUZZ_SECONDS:-60}" -timeout="${FUZZ_TIMEOUT:-2}" -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="build/fuzz/crash-$name-" "build/fuzz/found/$name" "tests/fuzz/corpus/$name" 2>&1 |
        grep -E 'stat::number_of_executed_units|ERROR|SUMMARY|Test unit written' || true
    [ -z "$(ls build/fuzz/crash-"$name"-* 2>/dev/null)" ] || { echo "$name: crashes found"; exit 1; }
done
