#!/bin/sh
# The whole recipe: run_all.sh DATA WORK [JOBS]. Can be stopped and started at will: each network goes on
# after its last finished epoch, finished ones are skipped. JOBS networks at a time, one thread each.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
data=$1 work=$2 jobs=${3:-2}
mkdir -p "$work"
exec 9>"$work/lock"
flock -n 9 || { echo "another run works in $work" >&2; exit 1; }
export OMP_NUM_THREADS=1 GOMP_SPINCOUNT=0 PYTHONDONTWRITEBYTECODE=1 here data work
# resnet50 starts from deeplabv3's trunk, so these two are one job
printf '%s\n' "unet" "nested-unet" "deeplabv3 resnet50" "densenet121" "resnet101" |
xargs -P "$jobs" -I '{}' sh -c '
    for network in {}; do
        nice -n 19 "${PYTHON:-/usr/bin/python3}" "$here/train.py" "$network" --data "$data" --work "$work" \
            >> "$work/$network.out" 2>&1 || exit 1
    done'
