#!/bin/sh
# Our JPEG and PNG decoders against libjpeg-turbo and libpng, in turns in one process (decode_peers.c).
#
#   sh bench/peers/decode.sh [SECONDS [FILE...]]    default: 3 seconds a file, ten kinds of a phantom, 1024x768
#
# Needs the libraries' headers (Debian: libjpeg62-turbo-dev, libpng-dev). Exit 1: a ratio below 0.5.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-3}
[ $# -eq 0 ] || shift
make -s sentinode
dir=build/bench/decode
mkdir -p "$dir"
${CC:-cc} -O2 -std=gnu11 -I. -o "$dir/decode_peers" bench/peers/decode_peers.c build/libsentinode.a -ljpeg -lpng -lm -pthread
if [ $# -eq 0 ]; then
    ./sentinode phantom -o "$dir/phantom" --count 1 --seed 1 --size 1024x768 --quiet >/dev/null
    "$dir/decode_peers" make "$dir/phantom/phantom_00001.png" "$dir"
    set -- "$dir"/*.jpg "$dir"/*.png
fi
grep -m1 'model name' /proc/cpuinfo || true
"$dir/decode_peers" "$seconds" "$@"
