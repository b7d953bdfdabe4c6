#!/bin/sh
# The inner loops of the convolutions' register tiles keep their accumulators in registers: no innermost
# loop with fused multiply-adds (16-bit mode: dot products, or products and sums of pairs) moves a whole vector to or from the stack, and every tile of 1 to
# TILE_PIXELS pixels has a loop of its own. Without this, a compiler that stops unrolling costs a
# factor of three and no test would notice (the results stay right). Run by `make lint`.
set -u
OUT=${BUILD:-build}/disasm
mkdir -p "$OUT"
case $(uname -m) in x86_64) ;; *) echo "disasm: x86-64 only, skipped"; exit 0 ;; esac
command -v objdump > /dev/null || { echo "disasm: objdump is not installed, skipped"; exit 0; }
failed=0

# Reads a disassembly; prints the number of loops and each fault. A register tile is a function, tiles_14 and the like; its
# loop broadcasts inputs. vectors: of a pixel; reg: zmm or ymm; mul: the instruction that multiplies.
inner_loops() {
    awk -v vectors="$1" -v reg="$2" -v pixels="$3" -v mul="$4" '
    function finish(    i, k, inner, fma, spill, per, inputs, narrow) {
        for (i = 1; i <= jumps; i++) {
            inner = 1
            for (k = 1; k <= jumps; k++)
                if (k != i && from[k] >= from[i] && to[k] <= to[i] && (from[k] > from[i] || to[k] < to[i])) inner = 0
            fma = spill = inputs = 0
            for (k = from[i]; k <= to[i]; k++) {
                if (text[k] ~ /vp?broadcast(ss|d) .*\(|1to/ && text[k] !~ /rip/) inputs++
                if (text[k] ~ mul && text[k] ~ reg) fma++
                if (text[k] ~ /\(%rsp|\(%rbp/ && text[k] !~ /vp?broadcast|1to/ && (text[k] ~ /%rsp/ || frame)) { spill++; example = text[k] }
            }
            if (name !~ /^<(i16_)?tile/ || !inner || !fma || inputs * vectors < fma) continue
            loops++
            narrow = vectors > 1 && inputs == fma # a tile of 16 channels, the last of a layer
            if (fma % vectors && !narrow) { printf "    a loop of %d multiply-adds, not a multiple of %d, in %s\n", fma, vectors, name; bad = 1 }
            per = fma / vectors
            if (!narrow) seen[per] = 1
            if (spill) { printf "    %d moves to or from the stack beside %d multiply-adds in %s:%s\n", spill, fma, name, example; bad = 1 }
        }
    }
    /^[0-9a-f]+ <.*>:$/ { finish(); name = $2; n = jumps = frame = 0; delete line; next }
    /^ *[0-9a-f]+:\t/ {
        addr = $1; sub(":", "", addr)
        n++
        line[addr] = n
        text[n] = $0; sub(/^[^\t]*\t/, " ", text[n])
        if (text[n] ~ /mov +%rsp,%rbp/) frame = 1
        if ($2 ~ /^j/ && $3 in line) { jumps++; from[jumps] = line[$3]; to[jumps] = n }
    }
    END {
        finish()
        for (i = 1; i <= pixels; i++) { # an unrolled loop does 2, 4, ... channels at once
            found = 0
            for (k = 1; k <= 8; k *= 2) if ((i * k) in seen) found = 1
            if (!found) { printf "    no inner loop for a tile of %d pixels\n", i; bad = 1 }
        }
        printf "    %d inner loops\n", loops
        exit bad
    }'
}

check() { # compiler tier flags vectors reg pixels
    for source in "conv_$2" "winograd_$2" "i16_$2" "i16_dot_$2"; do
        case $source in i16_dot*) mul=vpdpwssd ;; i16*) mul=vpmaddwd ;; *) mul='vfmadd.*ps' ;; esac
        "$1" -std=c11 -I. -O2 -fPIC -ffp-contract=off -fno-math-errno -fno-trapping-math $3 -c -o "$OUT/$source-$1.o" "kernels/x86/$source.c" || exit 1
        report=$(objdump -d --no-show-raw-insn "$OUT/$source-$1.o" | inner_loops "$4" "$5" "$6" "$mul")
        code=$?
        echo "  $1, $source:"
        echo "$report"
        [ $code = 0 ] || failed=1
    done
}

for cc in gcc clang; do
    command -v $cc > /dev/null || { echo "  $cc: not installed, skipped"; continue; }
    check $cc avx2 "-mavx2 -mfma" 2 %ymm 6
    check $cc avx512 "-mavx512f -mavx512dq -mavx512bw -mavx512vl -mfma -mprefer-vector-width=512" 2 %zmm 14
done
[ $failed = 0 ] || echo "disasm: accumulators leave their registers"
exit $failed
