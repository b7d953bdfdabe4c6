#!/bin/sh
# `make demo`: the main job from nothing but this checkout: synthetic images, a demonstration pack, a report.
set -eu
out=${1:-demo-out}
rm -rf "$out"
mkdir -p "$out"
./sentinode phantom -o "$out/phantoms" --count 6 --seed 2025
./sentinode pack --random -o "$out/pack" --seed 1
code=0
./sentinode predict --pack "$out/pack" --manifest "$out/phantoms/manifest.csv" --clinical "$out/phantoms/manifest.csv" -o "$out/result" || code=$?
[ "$code" -le 1 ] || exit "$code" # 1: some cases need human review, which the report says
cat <<TEXT

Done. Open $out/result/report.html; predictions are in $out/result/predictions.csv.
RESEARCH USE ONLY. The images are synthetic and the weights are random: these numbers mean nothing.
TEXT
