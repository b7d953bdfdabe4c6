/* check_documented.c: every key of results.json stands in tools/README.md, in its command's section, between backquotes. */
#include "tests/unit/predict_run.h"

static const char *section; /* of the manual */
static size_t section_len;
static unsigned keys;

static bool stands(const char *key)
{
    struct sn_buf word = { 0 };
    bool found = false;

    sn_buf_printf(&word, "`%s`", key);
    for (const char *p = section; !found && p && p < section + section_len; p++) {
        p = strstr(p, word.data);
        found = p && p < section + section_len;
        if (!p)
            break;
    }
    sn_buf_free(&word);
    return found;
}

static void walk(const struct sn_json_value *v, const char *command)
{
    for (const struct sn_json_value *c = v->first; c; c = c->next) {
        if (v->type == SN_JSON_OBJECT) {
            if (strcmp(command, "fit") == 0 && strcmp(c->key, "model") == 0) /* its keys are the terms' names */
                continue;
            keys++;
            ck_assert_msg(stands(c->key), "%s: '%s' is not documented", command, c->key);
        }
        walk(c, command);
    }
}

static void documented(const char *command, const char *heading)
{
    const char *manual = slurp(sn_test_file("tools/README.md"), NULL), *end;
    struct sn_error err = { 0 };
    struct sn_json_doc doc;

    section = strstr(manual, heading);
    ck_assert_ptr_nonnull(section);
    end = strstr(section + 4, "\n## ");
    section_len = end ? (size_t)(end - section) : strlen(section);
    sn_ck_ok(sn_json_parse(caught_out, strlen(caught_out), &doc, &err), &err);
    keys = 0;
    walk(doc.root, command);
    ck_assert_uint_gt(keys, 40);
    sn_json_doc_free(&doc);
}

START_TEST(evaluation)
{
    make_reader_study(90);
    ck_run(0, "evaluate %s --score risk,other --threshold-range 0.1:0.3 --subgroup age:60 --recalibrate platt --reclassification other,risk:0.2:0.5 --margin 0.05 "
              "--partial-auc spec:0.8:1 --characteristics age,set --prevalence 0.2 --reads %s --boot 20 --json -o %s",
           at("pred.csv"), at("reads.csv"), at("out"));
    documented("evaluate", "## evaluate\n");
}
END_TEST

START_TEST(model)
{
    make_reader_study(90);
    ck_run(0, "fit %s --terms risk,age --where set=train --boot 3 --threshold-range 0.1:0.4 --json", at("pred.csv"));
    documented("fit", "## fit\n");
}
END_TEST

START_TEST(reader_study)
{
    make_reader_study(90);
    ck_run(0, "readers %s --predictions %s --threshold 0.4 --margin 0.1 --dca 0.1:0.3:0.1 --boot 20 --json", at("reads.csv"), at("pred.csv"));
    documented("readers", "## readers\n");
}
END_TEST

START_TEST(masks)
{
    ck_run(0, "phantom -o %s --count 3 --seed 5 --size 64x64", at("phantoms"));
    write_text(at("phantoms/two.csv"), "case,patient,set,mask,pred,second\na,p,x,phantom_00001_mask.png,phantom_00002_mask.png,phantom_00003_mask.png\n"
                                       "b,q,y,phantom_00002_mask.png,phantom_00002_mask.png,phantom_00001_mask.png\n");
    ck_run(0, "dice %s --second second --spacing 0.5 --tau 1 --boot 20 --json", at("phantoms/two.csv"));
    documented("dice", "## dice\n");
}
END_TEST

static Suite *suite_documented(void)
{
    Suite *s = suite_create("documented");
    TCase *t = tcase_create("documented");

    tcase_add_test(t, evaluation);
    tcase_add_test(t, model);
    tcase_add_test(t, reader_study);
    tcase_add_test(t, masks);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_documented)
