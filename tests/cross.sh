#!/bin/sh
# One answer on every machine: builds digest_tool for this machine, for AArch64 (NEON) and for s390x
# (big-endian, no SIMD tier), runs the foreign ones under qemu-user and compares what they print.
# Debian: gcc-aarch64-linux-gnu gcc-s390x-linux-gnu qemu-user
set -e
OUT=${BUILD:-build}/cross
mkdir -p "$OUT"
failed=0

build() { # name compiler archiver
    make -s BUILD="$OUT/$1" CC="$2" AR="$3" LDFLAGS=-static "$OUT/$1/digest_tool"
}
# The instruction set and thread count behind '#' differ; nothing else may.
digests() {
    sed 's/ #[^:]*://' | LC_ALL=C sort -u
}

build native "${CC:-cc}" ar
"$OUT/native/digest_tool" "$OUT/native.snw" > "$OUT/native.log"
digests < "$OUT/native.log" > "$OUT/native.txt"
if [ "$(cut -d' ' -f1-3 < "$OUT/native.txt" | grep -E 'fp|i16' | sort | uniq -d)" ]; then
    echo "cross: this machine's own instruction sets disagree:" && cat "$OUT/native.log"
    exit 1
fi
echo "cross: native: $(wc -l < "$OUT/native.txt") digests from $(grep -c . "$OUT/native.log") runs"

for arch in aarch64 s390x; do
    cc=$arch-linux-gnu-gcc
    if ! command -v "$cc" > /dev/null || ! command -v "qemu-$arch" > /dev/null; then
        echo "cross: $arch: skipped, needs $cc and qemu-$arch (Debian: gcc-$arch-linux-gnu qemu-user)"
        continue
    fi
    build "$arch" "$cc" "$arch-linux-gnu-ar"
    "qemu-$arch" "$OUT/$arch/digest_tool" "$OUT/$arch.snw" > "$OUT/$arch.log"
    digests < "$OUT/$arch.log" > "$OUT/$arch.txt"
    if cmp -s "$OUT/native.txt" "$OUT/$arch.txt" && cmp -s "$OUT/native.snw" "$OUT/$arch.snw"; then
        echo "cross: $arch: the same digests from $(grep -c . "$OUT/$arch.log") runs ($(sed -n 's/.*# \([a-z0-9]*\),.*/\1/p' "$OUT/$arch.log" | sort -u | tr '\n' ' '))"
    else
        echo "cross: $arch: differs:"
        diff "$OUT/native.txt" "$OUT/$arch.txt" || true
        failed=1
    fi
done
exit $failed
