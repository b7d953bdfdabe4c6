#!/bin/sh
# Warnings as errors under every compiler found, with and without OpenMP; then the analysers that are installed.
set -eu
for cc in gcc clang; do
    command -v $cc >/dev/null || { echo "$cc: not installed, skipped"; continue; }
    for omp in 0 1; do
        [ "$cc$omp" = clang1 ] && ! echo '#include <omp.h>' | clang -fopenmp -x c -c - -o /dev/null 2>/dev/null && { echo "clang: no OpenMP runtime, skipped"; continue; }
        echo "== $cc, OPENMP=$omp, -Werror"
        make -s -j"$(getconf _NPROCESSORS_ONLN)" CC=$cc OPENMP=$omp WERROR=-Werror BUILD=build/lint-$cc$omp all
    done
done
if command -v cppcheck >/dev/null; then
    echo "== cppcheck"
    cppcheck -q --std=c11 --enable=warning,portability --inline-suppr --suppress=missingIncludeSystem -I. -D__x86_64__ \
        --error-exitcode=1 base kernels/dispatch.c kernels/ref weights nets io stats fusion tools/*.c
fi
if [ -f tests/kernels/disasm.sh ]; then echo "== inner loops"; sh tests/kernels/disasm.sh; fi
echo "lint: clean"
