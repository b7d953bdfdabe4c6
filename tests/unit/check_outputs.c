/* check_outputs.c: several files, all or none; names that would be the same file. */
#include "tests/unit/predict_run.h"

#include "tools/outputs.h"

static void add(struct sn_outputs *o, const char *name, const char *text)
{
    struct sn_buf b = { 0 };

    sn_buf_puts(&b, text);
    sn_outputs_take(o, name, &b);
    ck_assert(!b.data && !b.len);
}

START_TEST(all)
{
    struct sn_outputs o = { 0 };
    struct sn_error err = { 0 };
    char longest[400];

    memset(longest, 'x', sizeof longest);
    strcpy(longest + 300, ".svg");
    add(&o, "figures/roc.svg", "1");
    add(&o, "figures/roc.svg", "2");
    add(&o, "figures/roc.svg", "3");
    add(&o, longest, "4");
    add(&o, longest, "5");
    add(&o, "empty", "");
    add(&o, "results.json", "6");
    sn_ck_ok(sn_outputs_write(&o, at("deep/er/all"), &err), &err);
    ck_assert_str_eq(slurp(at("deep/er/all/figures/roc.svg"), NULL), "1");
    ck_assert_str_eq(slurp(at("deep/er/all/figures/roc-2.svg"), NULL), "2");
    ck_assert_str_eq(slurp(at("deep/er/all/figures/roc-3.svg"), NULL), "3");
    ck_assert_str_eq(slurp(at("deep/er/all/%.216s.svg", longest), NULL), "4");
    ck_assert_str_eq(slurp(at("deep/er/all/%.216s-2.svg", longest), NULL), "5");
    ck_assert_str_eq(slurp(at("deep/er/all/empty"), NULL), "");
    sn_outputs_free(&o);
}
END_TEST

/* A file lies where a folder is to be, or a folder where a file is: what was written before is taken back, what others wrote stays. */
START_TEST(none)
{
    struct sn_outputs o = { 0 };
    struct sn_error err = { 0 };

    add(&o, "metrics.csv", "1");
    add(&o, "figures/roc.svg", "2");
    add(&o, "results.json", "3");
    write_text(at("none"), "a file");
    ck_assert_int_ne(sn_outputs_write(&o, at("none"), &err), SN_OK);
    ck_assert_str_eq(slurp(at("none"), NULL), "a file");
    (void)mkdir(at("half"), 0777);
    write_text(at("half/figures"), "a file");
    write_text(at("half/notes.txt"), "mine");
    ck_assert_int_ne(sn_outputs_write(&o, at("half"), &err), SN_OK);
    ck_assert(!exists(at("half/metrics.csv")) && exists(at("half/notes.txt")) && exists(at("half/figures")));
    (void)mkdir(at("last"), 0777);
    (void)mkdir(at("last/results.json"), 0777);
    ck_assert_int_ne(sn_outputs_write(&o, at("last"), &err), SN_OK);
    ck_assert(!exists(at("last/metrics.csv")) && !exists(at("last/figures/roc.svg")));
    o.failed = true;
    sn_ck_fails(sn_outputs_write(&o, at("never"), &err), SN_ENOMEM, &err, "out of memory");
    ck_assert(!exists(at("never")));
    sn_outputs_free(&o);
}
END_TEST

/* Models whose names differ in what a file's name cannot hold. */
START_TEST(figures)
{
    struct sn_buf t = { 0 };

    sn_buf_puts(&t, "outcome,a/b,a b\n");
    for (int i = 0; i < 40; i++)
        sn_buf_printf(&t, "%d,0.%d,0.%d\n", i % 2, 2 + i % 5, 1 + i % 7);
    write_text(at("t.csv"), t.data);
    sn_buf_free(&t);
    {
        char *argv[] = { (char *)"sentinode", (char *)"evaluate", (char *)at("t.csv"), (char *)"--score", (char *)"a/b,a b", (char *)"--threshold-range",
                         (char *)"0.1:0.4", (char *)"--boot", (char *)"0", (char *)"--quiet", (char *)"-o", (char *)at("e"), NULL };

        ck_assert_int_eq(sn_main(12, argv), 0);
    }
    ck_assert(exists(at("e/figures/risks_a_b.svg")) && exists(at("e/figures/risks_a_b-2.svg")) && exists(at("e/figures/calibration_all_a_b-2.svg")));
}
END_TEST

static Suite *suite_outputs(void)
{
    Suite *s = suite_create("outputs");
    TCase *t = tcase_create("outputs");

    tcase_add_test(t, all);
    tcase_add_test(t, none);
    tcase_add_test(t, figures);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_outputs)
