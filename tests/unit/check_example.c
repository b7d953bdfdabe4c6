/*
 * check_example.c: README.md's worked example, exactly as printed: from images of two hospitals to a judged model. This
 * program stands in for ./sentinode (a copy of it under that name runs the command line), with a pack of narrow random
 * networks beside it, so that the six full ones need not run.
 */
#include "tests/unit/markup.h"
#include "tests/unit/predict_run.h"

/* The indented lines behind the marker, without their indentation. */
static void example_of_readme(struct sn_buf *script)
{
    const char *p = strstr(slurp(sn_test_file("README.md"), NULL), "<!-- example:");

    ck_assert_ptr_nonnull(p);
    p = strchr(p, '\n') + 1;
    while (strncmp(p, "    ", 4) == 0) {
        size_t n = strcspn(p, "\n") + 1;

        sn_buf_add(script, p + 4, n - 4);
        p += n;
    }
    ck_assert(!script->failed && script->len > 0);
}

static void copy_self(const char *to)
{
    size_t n;
    char *program = slurp("/proc/self/exe", &n);
    struct sn_error err = { 0 };

    sn_ck_ok(sn_file_write(to, program, n, &err), &err);
    ck_assert_int_eq(chmod(to, 0755), 0);
}

START_TEST(readme_example)
{
    struct sn_buf script = { 0 }, line = { 0 };
    const struct sn_json_value *sets, *set;
    struct sn_json_doc doc;
    struct sn_error err = { 0 };
    size_t n;
    const char *page;

    (void)mkdir(at("example"), 0777);
    copy_self(at("example/sentinode"));
    ck_run(0, "pack --random -o %s --width 2 --size 32", at("example/sentinode-pack"));
    sn_buf_puts(&script, "set -eu\n");
    example_of_readme(&script);
    write_text(at("example/run.sh"), script.data);
    sn_buf_printf(&line, "cd %s && sh run.sh >out.txt 2>err.txt", at("example"));
    ck_assert_msg(system(line.data) == 0, "%s\n%s", script.data, slurp(at("example/err.txt"), NULL));

    sn_ck_ok(sn_json_read(at("example/two-hospitals/evaluation/results.json"), &doc, &err), &err);
    sets = sn_json_get(doc.root, "sets");
    ck_assert_uint_eq(sets->count, 3);
    ck_assert_str_eq(string(sets->first, "name"), "train");
    for (set = sets->first; set; set = set->next) {
        ck_assert_uint_eq(sn_json_get(set, "models")->count, 4); /* integrated and three networks */
        ck_assert_uint_eq(sn_json_get(set, "readers")->count, 4);
        ck_assert_uint_eq(sn_json_get(set, "subgroups")->count, 1);
        ck_assert_str_eq(string(sn_json_get(set, "claim"), "model"), "integrated");
    }
    sn_json_doc_free(&doc);
    ck_assert_ptr_nonnull(strstr(slurp(at("example/two-hospitals/nomogram.svg"), NULL), "Risk of outcome; fitted on predictions.csv: 73 cases, 33 events"));
    page = slurp(at("example/two-hospitals/evaluation/report.html"), &n);
    ck_assert_uint_gt(markup_check(page, n, true), 1000);
    sn_buf_free(&script);
    sn_buf_free(&line);
}
END_TEST

static Suite *suite_example(void)
{
    Suite *s = suite_create("example");
    TCase *c = tcase_create("example");

    tcase_set_timeout(c, 600);
    tcase_add_test(c, readme_example);
    suite_add_tcase(s, c);
    return s;
}

int main(int argc, char **argv)
{
    return strcmp(sn_basename(argv[0]), "sentinode") == 0 ? sn_main(argc, argv) : sn_check_run(suite_example());
}
