#!/bin/sh
# `make demo`: the main job from nothing but this checkout: synthetic images, the demonstration pack, a report.
# A build without that pack makes one of random weights, so that the same chain runs.
set -eu
out=${1:-demo-out}
program=${SENTINODE:-./sentinode}
rm -rf "$out"
mkdir -p "$out"
"$program" phantom -o "$out/phantoms" --count 6 --seed 2025
pack= code=0
"$program" pack --check >"$out/pack.txt" 2>&1 || code=$?
if [ "$code" -eq 2 ]; then
    "$program" pack --random -o "$out/pack" --seed 1
    "$program" pack --check "$out/pack" >"$out/pack.txt"
    pack="--pack $out/pack"
elif [ "$code" -ne 0 ]; then # there is one, but not as it should be
    cat "$out/pack.txt" >&2
    exit "$code"
fi
code=0
"$program" predict $pack --manifest "$out/phantoms/manifest.csv" --clinical "$out/phantoms/manifest.csv" -o "$out/result" || code=$?
[ "$code" -le 1 ] || exit "$code" # 1: some cases need human review, which the report says
cat <<TEXT

RESEARCH USE ONLY. The images are synthetic, so no number here says anything about a patient.
The weights: $(sed -n 1p "$out/pack.txt")
The table is $out/result/predictions.csv. The report to open:
$out/result/report.html
TEXT
