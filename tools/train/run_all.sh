#!/bin/sh
# The whole recipe: run_all.sh DATA WORK [JOBS]. Can be stopped and started at will: each network goes on
# after its last finished epoch, finished ones are skipped. JOBS networks at a time, one thread each.
# FOLDS=3 (default) then trains the classifiers again without one third of the training cases each, for
# scores that the risk model may be fitted on; FOLDS=0 leaves that out.
# PROGRESS=weights/demo: where WORK has no checkpoint, go on from the committed pack (see README.md).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
data=$1 work=$2 jobs=${3:-2} folds=${FOLDS:-3}
mkdir -p "$work"
exec 9>"$work/lock"
flock -n 9 || { echo "another run works in $work" >&2; exit 1; }
export OMP_NUM_THREADS=1 GOMP_SPINCOUNT=0 PYTHONDONTWRITEBYTECODE=1 here data work folds PROGRESS=${PROGRESS:-}

# resnet50 starts from deeplabv3's trunk, so these are one job
{
    printf '%s\n' "unet" "nested-unet" "deeplabv3 resnet50" "densenet121" "resnet101"
    k=0
    while [ "$k" -lt "$folds" ]; do
        printf '%s\n' "densenet121:$k" "resnet101:$k" "resnet50:$k"
        k=$((k + 1))
    done
} | xargs -P "$jobs" -I '{}' sh -c '
    for job in {}; do
        case $job in
            *:*) fold="--fold ${job#*:}/$folds" ;;
            *) fold= ;;
        esac
        nice -n 19 "${PYTHON:-/usr/bin/python3}" "$here/train.py" "${job%:*}" --data "$data" --work "$work" $fold ${PROGRESS:+--progress "$PROGRESS"} \
            >> "$work/$job.out" 2>&1 || { echo "$job failed, see $work/$job.out" >&2; exit 1; }
    done'
