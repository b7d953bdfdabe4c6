/*
 * check_alloc_judge.c: readers, dice and evaluate under memory that runs out: the n-th allocation fails, for every n. Each
 * time the program must end with exit code 5 and a message, print no result, give back every byte, and leave no file.
 */
#include "tests/support/alloc.h"
#include "tests/unit/predict_run.h"

static unsigned long fail_at;
static struct sn_alloc last;

static void watch(bool begins)
{
    if (begins)
        sn_alloc_watch(fail_at);
    else
        last = sn_alloc_stop();
}

static void remove_tree(const char *path)
{
    char command[600];

    (void)snprintf(command, sizeof command, "rm -rf '%s'", path);
    ck_assert_int_eq(system(command), 0);
}

/* 24 cases of two sets, two readers with and without assistance, and masks of four phantoms. */
static void make_tables(void)
{
    make_reader_study(24);
    ck_run(0, "phantom -o %s --count 4 --seed 5 --size 64x64", at("phantoms"));
    write_text(at("phantoms/two.csv"), "case,patient,set,mask,pred,second\na,p,x,phantom_00001_mask.png,phantom_00002_mask.png,phantom_00003_mask.png\n"
                                       "b,q,y,phantom_00002_mask.png,phantom_00002_mask.png,phantom_00001_mask.png\n"
                                       "c,r,y,phantom_00003_mask.png,phantom_00004_mask.png,phantom_00001_mask.png\n");
}

static int job(int k)
{
    const char *out = at("new/out");

    if (k == 0)
        return run("readers %s --predictions %s --threshold 0.4 --margin 0.1 --dca 0.1:0.4:0.1 --boot 3 --threads 1 -o %s", at("reads.csv"), at("pred.csv"), out);
    if (k == 1)
        return run("readers %s --predictions %s --threshold 0.4 --boot 3 --threads 2 --json", at("reads.csv"), at("pred.csv"));
    if (k < 5)
        return run("dice %s --second second --surface %s --spacing 0.5 --tau 1 --boot 3 --threads 1 -o %s", at("phantoms/two.csv"),
                   k == 2 ? "monai" : k == 3 ? "deepmind" : "medpy", out);
    return run("evaluate %s --score risk,other --threshold-range 0.1:0.3 --subgroup age:40 --recalibrate platt --reclassification other,risk --reads %s --boot 3 "
               "--partial-auc spec:0.5:1 --characteristics age,set --boot-interval bca "
               "--threads 1 -o %s",
               at("pred.csv"), at("reads.csv"), out);
}

START_TEST(every_allocation)
{
    unsigned long total, step;

    around_run = watch;
    fail_at = 0;
    ck_assert_msg(job(_i) == 0, "%s", caught_err);
    total = last.seen;
    ck_assert_uint_gt(total, 100);
    ck_assert_uint_eq(last.alive, 0);
    ck_assert(_i == 1 || exists(at("new/out/results.json")));
    step = total / (_i == 0 || _i == 2 ? 400 : 100) + 1; /* evaluate makes thousands; the others repeat most of these two */
    printf("note: job %d: %lu allocations, every %lu made to fail\n", _i, total, step);
    for (unsigned long n = 1; n <= total; n += n < 50 || n + 50 > total ? 1 : step) {
        int code;

        if (exists(at("new/out")))
            remove_tree(at("new/out"));
        fail_at = n;
        code = job(_i);
        ck_assert_msg(code == 5 && strstr(caught_err, "out of memory"), "allocation %lu of %lu: exit %d: %s", n, total, code, caught_err);
        ck_assert_msg(*caught_out == 0, "allocation %lu of %lu printed: %.100s", n, total, caught_out);
        ck_assert_msg(last.alive == 0, "allocation %lu of %lu: %zu blocks were not freed", n, total, last.alive);
        ck_assert_msg(!exists(at("new/out")), "allocation %lu of %lu left an output", n, total);
    }
    around_run = NULL;
}
END_TEST

static Suite *suite_alloc_judge(void)
{
    Suite *s = suite_create("alloc_judge");
    TCase *t = tcase_create("alloc_judge");

    tcase_add_unchecked_fixture(t, make_tables, NULL);
    tcase_set_timeout(t, 600);
    tcase_add_loop_test(t, every_allocation, 0, 6);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_alloc_judge)
