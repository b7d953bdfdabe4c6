/* check_pack.c: pack.conf and its rules, clinical tables, patients, and every way predict refuses. */
#include "tests/unit/predict_run.h"

#include <math.h>

#include "tools/cases.h"
#include "tools/conf.h"
#include "tools/html.h"

#define MANIFEST "--manifest %s/phantoms/manifest.csv"
#define DIR sn_test_tmpdir()

/* ---- key = value ----------------------------------------------------------------------------- */

static int parse(struct sn_conf *c, const char *text, struct sn_error *err)
{
    return sn_conf_parse(c, "x.conf", text, strlen(text), err);
}

START_TEST(conf_reads)
{
    struct sn_error err = { 0 };
    struct sn_conf c;
    double v[3];

    sn_ck_ok(parse(&c,
                   "\xef\xbb\xbf# comment\r\n\n a = hello there \r\nn=2.5\nlist = 1, 2 ,3\nblanks = 4 5  6\nflag = yes",
                   &err),
             &err);
    ck_assert_str_eq(sn_conf_string(&c, "a", NULL), "hello there");
    ck_assert(sn_conf_number(&c, "n", "1", 0, 10) == 2.5);
    ck_assert_int_eq(sn_conf_list(&c, "list", NULL, v, 3), 3);
    ck_assert(v[2] == 3.0);
    ck_assert_int_eq(sn_conf_list(&c, "blanks", NULL, v, 3), 3);
    ck_assert(v[1] == 5.0);
    ck_assert(sn_conf_bool(&c, "flag", "no"));
    ck_assert_int_eq(sn_conf_integer(&c, "absent", "7", 0, 9), 7);
    sn_ck_ok(sn_conf_finish(&c), &err);
    ck_assert_uint_eq(c.n_settings, 6);
    ck_assert_str_eq(c.settings[5].value, "7");
    ck_assert_int_eq(c.settings[5].line, 0);
    ck_assert_int_eq(c.settings[0].line, 3);
    sn_conf_free(&c);
}
END_TEST

START_TEST(conf_refuses)
{
    static const struct {
        const char *text, *says;
    } bad[] = {
        { "a = 1\nb\n", "line 2 is neither" },
        { "a = 1\n\na = 2\n", "line 3: 'a' was already given on line 1" },
        { "a =\n", "line 1: 'a' has no value" },
        { "= 3\n", "line 1 is neither" },
    };
    struct sn_error err = { 0 };
    struct sn_conf c;

    for (size_t i = 0; i < SN_COUNT(bad); i++)
        sn_ck_fails(parse(&c, bad[i].text, &err), SN_EFORMAT, &err, bad[i].says);
    sn_ck_fails(sn_conf_parse(&c, "x.conf", "a = 1\0", 6, &err), SN_EFORMAT, &err, "zero byte");
    for (int i = 0; i < 4; i++) {
        static const char *const lists[] = { "l = 1,,2\n", "l = 1,2,\n", "l = ,1\n", "l = 1 2 3 4\n" };
        double v[3];

        sn_ck_ok(parse(&c, lists[i], &err), &err);
        ck_assert_int_eq(sn_conf_list(&c, "l", NULL, v, 3), 0);
        sn_ck_fails(sn_conf_finish(&c), SN_EFORMAT, &err, "line 1: l: expected at most 3 numbers");
        sn_conf_free(&c);
    }
    sn_ck_ok(parse(&c, "n = twelve\nm = 3\n", &err), &err);
    (void)sn_conf_number(&c, "n", "1", 0, 10);
    (void)sn_conf_number(&c, "m", "1", 0, 1); /* the first failure stays */
    sn_ck_fails(sn_conf_finish(&c), SN_EFORMAT, &err,
                "x.conf: line 1: n: expected a number from 0 to 10, found 'twelve'");
    sn_conf_free(&c);
    sn_ck_ok(parse(&c, "a = 1\nmisspelt = 2\n", &err), &err);
    (void)sn_conf_string(&c, "a", NULL);
    sn_ck_fails(sn_conf_finish(&c), SN_EFORMAT, &err, "x.conf: line 2: unknown key 'misspelt'");
    sn_conf_free(&c);
}
END_TEST

START_TEST(numbers_for_people)
{
    char b[48];

    ck_assert_str_eq(sn_fixed(1.005, 1, b), "1.0");
    ck_assert_str_eq(sn_fixed(-0.06, 1, b), "-0.1");
    ck_assert_str_eq(sn_fixed(-0.04, 1, b), "0.0");
    ck_assert_str_eq(sn_fixed(99.96, 1, b), "100.0");
    ck_assert_str_eq(sn_fixed(12.5, 0, b), "13");
    ck_assert_str_eq(sn_fixed((double)NAN, 3, b), "-");
    ck_assert_str_eq(sn_fixed(1e300, 3, b), "> 1e9");
    ck_assert_str_eq(sn_rough(-6.68e-7, b), "-6.7e-7");
    ck_assert_str_eq(sn_rough(0.999, b), "1.0e0");
    ck_assert_str_eq(sn_rough(0.0, b), "0");
}
END_TEST

START_TEST(pages_are_safe)
{
    static const char *const want[][2] = {
        { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" }
    }; /* RFC 4648 */
    struct sn_buf b = { 0 };

    sn_html_text(&b, "<b a=\"1\">&\x01\xff \xc3\xa9");
    ck_assert_str_eq(b.data, "&lt;b a=&quot;1&quot;&gt;&amp;?? \xc3\xa9");
    sn_buf_free(&b);
    for (size_t i = 0; i < SN_COUNT(want); i++) {
        sn_buf_puts(&b, "");
        sn_html_base64(&b, want[i][0], strlen(want[i][0]));
        ck_assert_str_eq(b.data ? b.data : "", want[i][1]);
        sn_buf_free(&b);
    }
}
END_TEST

/* ---- packs ----------------------------------------------------------------------------------- */

START_TEST(pack_is_checked)
{
    ck_run(0, "pack --check %s", at("pack"));
    ck_assert_ptr_nonnull(strstr(caught_out, "fusion.cut = 0.5   (default)"));
    ck_run(3, "pack --check %s", at("nowhere"));
    ck_says("pack.conf");
    ck_run(3, "pack --check %s", pack_variant("unknown", NULL, "fusion.ruel = mean\n"));
    ck_says("unknown key 'fusion.ruel'");
    ck_run(3, "pack --check %s", pack_variant("twice", NULL, "fusion.rule = mean\n"));
    ck_says("was already given");
    ck_run(3, "pack --check %s", pack_variant("gap", "classifier.3", "classifier.4"));
    ck_says("unknown key 'classifier.");
    ck_run(3, "pack --check %s", pack_variant("missing", "resnet50.snw", "resnet51.snw"));
    ck_says("resnet51.snw");
    ck_run(3, "pack --check %s", pack_variant("outside", "= resnet50.snw", "= ../pack/resnet50.snw"));
    ck_says("not inside the pack");
    ck_run(3, "pack --check %s", pack_variant("range", NULL, "fusion.cut = 1.5\n"));
    ck_says("fusion.cut: expected a number from 0 to 1, found '1.5'");
    ck_run(3, "pack --check %s", pack_variant("unpinned", "logistic.sha256", "# logistic.sha256"));
    ck_says("logistic.sha256: missing");
    ck_run(4, "pack --check %s", pack_variant("digest", "logistic.sha256 = ", "logistic.sha256 = 0"));
    ck_says("SHA-256 of model.json");
    ck_run(4, "pack --check %s",
           pack_variant("swapped", "classifier.1 = resnet50.snw", "classifier.1 = resnet101.snw"));
    ck_says("SHA-256 of resnet101.snw");
    ck_run(3, "pack --check %s", pack_variant("double", NULL, "classifier.2.name = resnet50\n"));
    ck_says("has the same name");
}
END_TEST

START_TEST(networks_fit_their_part)
{
    char *conf = slurp(at("pack/pack.conf"), NULL), line[256];
    const char *unet = strstr(conf, "segmenter.2.sha256 = "), *res = strstr(conf, "classifier.1.sha256 = ");

    (void)snprintf(line, sizeof line, "classifier.1 = unet.snw\nclassifier.1.sha256 = %.64s\n#", unet + 21);
    ck_run(4, "pack --check %s", pack_variant("part", "classifier.1 = resnet50.snw\nclassifier.1.sha256", line));
    ck_says("unet.snw is a segmenter, this part needs a classifier");
    (void)snprintf(line, sizeof line, "segmenter.2 = resnet50.snw\nsegmenter.2.sha256 = %.64s\n#", res + 22);
    ck_run(4, "pack --check %s", pack_variant("part2", "segmenter.2 = unet.snw\nsegmenter.2.sha256", line));
    ck_says("this part needs a segmenter");
}
END_TEST

/* A changed byte in a network: refused before it is used. */
START_TEST(damaged_network)
{
    struct sn_error err = { 0 };
    const char *dir = pack_variant("damaged", NULL, "");
    size_t n;
    char *bytes = slurp(at("pack/unet.snw"), &n);

    ck_assert_int_eq(unlink(at("damaged/unet.snw")), 0);
    bytes[n / 2] ^= 4;
    sn_ck_ok(sn_file_write(at("damaged/unet.snw"), bytes, n, &err), &err);
    ck_run(4, "predict --pack %s " MANIFEST " -o %s", dir, DIR, at("never"));
    ck_says("SHA-256 of unet.snw");
    ck_assert(!exists(at("never")));
}
END_TEST

static double fused_area(const char *pack)
{
    (void)run("predict --pack %s " MANIFEST " -o %s --quiet", pack, DIR, at("out"));
    return number(result("out", "phantom_00001"), "fusion.area_px");
}

START_TEST(fusion_rules)
{
    double one[3], both, either, vote, weighted;

    both = fused_area(pack_variant("f1", "fusion.rule = mean", "fusion.rule = intersection"));
    for (int i = 0; i < 3; i++) {
        char path[32];

        (void)snprintf(path, sizeof path, "segmenters.%d.area_px", i);
        one[i] = number(json.root, path);
    }
    either = fused_area(pack_variant("f2", "fusion.rule = mean", "fusion.rule = union"));
    vote = fused_area(pack_variant("f3", "fusion.rule = mean", "fusion.rule = vote"));
    weighted = fused_area(pack_variant("f4", "fusion.rule = mean", "fusion.rule = weighted\nfusion.weights = 0, 1, 0"));
    for (int i = 0; i < 3; i++) {
        ck_assert(both <= one[i]);
        ck_assert(either >= one[i]);
    }
    ck_assert(both <= vote && vote <= either);
    ck_assert(weighted == one[1]); /* all the weight on the second map, the cut at its threshold */
    (void)fused_area(pack_variant("f5", "fusion.rule = mean", "fusion.rule = stack\nfusion.stack = 0, 0, 1, 0"));
    ck_assert_double_le(fabs(number(json.root, "fusion.area_px") - one[1]),
                        2.0); /* sigmoid(logit(p)) may round across the cut */
    (void)fused_area(pack_variant("f6", "fusion.rule = mean", "fusion.rule = staple"));
    ck_assert_double_ge(number(json.root, "fusion.staple.iterations"), 1);
    ck_run(3, "pack --check %s",
           pack_variant("f7", "fusion.rule = mean", "fusion.rule = weighted\nfusion.weights = 1, 1"));
    ck_says("expected 3 numbers");
}
END_TEST

static double signature(const char *pack, double p[3])
{
    (void)run("predict --pack %s " MANIFEST " -o %s --quiet --no-risk", pack, DIR, at("out"));
    (void)result("out", "phantom_00004");
    for (int i = 0; i < 3; i++) {
        char path[32];

        (void)snprintf(path, sizeof path, "classifiers.%d.p", i);
        p[i] = number(json.root, path);
    }
    ck_assert_int_eq(dig(json.root, "risk")->type, SN_JSON_NULL);
    ck_assert_int_eq(dig(json.root, "logistic")->type, SN_JSON_NULL);
    return number(json.root, "dl_sig.value");
}

START_TEST(signature_rules)
{
    static const char rule[] = "dlsig.rule = logit\ndlsig.network = resnet50";
    struct sn_buf table = { 0 }, conf = { 0 };
    uint8_t digest[32];
    char hex[SN_SHA256_HEX];
    double p[3], sig, sum;

    sig = signature(pack_variant("d1", rule, "dlsig.rule = prob\ndlsig.network = densenet121"), p);
    ck_assert(sig == p[2]);
    sig = signature(pack_variant("d2", rule, "dlsig.rule = logit\ndlsig.network = resnet101"), p);
    ck_assert_double_le(fabs(sig - log(p[1] / (1 - p[1]))), 1e-12);
    sig =
        signature(pack_variant("d3", rule, "dlsig.rule = stack\ndlsig.intercept = 0.5\ndlsig.coefs = 1, -2, 0.25"), p);
    sum = 0.5 + log(p[0] / (1 - p[0])) - 2 * log(p[1] / (1 - p[1])) + 0.25 * log(p[2] / (1 - p[2]));
    ck_assert_double_le(fabs(sig - sum), 1e-12);

    /* resnet50 of width 4 has 128 pooled features; all coefficients 0 but for the intercept, then not */
    sn_buf_puts(&table, "coefficient,mean,sd\n");
    for (int i = 0; i < 128; i++)
        sn_buf_puts(&table, i == 5 ? "2,0.5,4\n" : "0,0,1\n");
    sn_sha256(table.data, table.len, digest);
    sn_hex(digest, 32, hex);
    sn_buf_printf(&conf,
                  "dlsig.rule = lasso\ndlsig.network = resnet50\ndlsig.intercept = -1\ndlsig.file = "
                  "lasso.csv\ndlsig.file.sha256 = %s",
                  hex);
    (void)pack_variant("d4", rule, conf.data);
    write_text(at("d4/lasso.csv"), table.data);
    sig = signature(at("d4"), p);
    ck_assert_double_ge(sig, -1 - 2 * 0.5 / 4); /* features come from a ReLU */
    ck_assert(sig != -1.25);
    ck_run(3, "pack --check %s", pack_variant("d5", rule, "dlsig.network = resnet18"));
    ck_says("no classifier is named 'resnet18'");
    sn_buf_free(&table);
    sn_buf_free(&conf);
}
END_TEST

/* A file's metadata gives the defaults; pack.conf overrides them. */
START_TEST(settings_are_used)
{
    char *a, *b;

    ck_run(1, "predict --pack %s " MANIFEST " -o %s", at("pack"), DIR, at("out"));
    a = (char *)string(result("out", "phantom_00001"), "segmenters.0.input_sha256");
    ck_assert_str_eq(a, string(json.root, "segmenters.2.input_sha256")); /* same size, statistics, resize */
    ck_run(1, "predict --pack %s " MANIFEST " -o %s",
           pack_variant("bgr", NULL, "segmenter.1.mean = 0.4\nsegmenter.3.resize = torch-bilinear\n"), DIR, at("out"));
    b = (char *)string(result("out", "phantom_00001"), "segmenters.0.input_sha256");
    ck_assert_str_ne(a, b);
    ck_assert_str_ne(a, string(json.root, "segmenters.2.input_sha256"));
}
END_TEST

/* ---- quality --------------------------------------------------------------------------------- */

static const char relaxed[] = "quality.max_components = 100000\nquality.min_pair_dice = 0\nquality.max_area_frac = "
                              "1\nquality.min_area_frac = 0\n";

START_TEST(accepted_images_exit_0)
{
    struct sn_buf conf = { 0 };
    int accepted = 0;

    /* under this seed the networks' zero padding does not pull every mask to the border */
    ck_run(0, "pack --random -o %s --width 4 --size 32 --seed 8", at("inner"));
    sn_buf_printf(&conf, "%s%sfusion.cut = 0.53\n", slurp(at("inner/pack.conf"), NULL), relaxed);
    write_text(at("inner/pack.conf"), conf.data);
    sn_buf_free(&conf);
    for (int k = 1; k <= 4; k++) {
        int code = run("predict --pack %s %s --clinical %s -o %s", at("inner"), at("phantoms/phantom_%05d.png", k),
                       at("phantoms/manifest.csv"), at("out"));
        char id[32];

        (void)snprintf(id, sizeof id, "phantom_%05d", k);
        ck_assert_int_eq(code, dig(result("out", id), "quality.reasons")->count ? 1 : 0);
        ck_assert_int_eq(code, dig(json.root, "review")->boolean);
        accepted += code == 0;
        if (code == 0)
            ck_assert_ptr_nonnull(strstr(slurp(at("out/%s/report.html", id), NULL), "All quality checks passed"));
    }
    ck_assert_int_eq(accepted, 3); /* both outcomes occur */
}
END_TEST

START_TEST(empty_mask)
{
    const struct sn_json_value *r;

    ck_run(1, "predict --pack %s " MANIFEST " -o %s", pack_variant("empty", NULL, "fusion.cut = 1\n"), DIR, at("out"));
    r = result("out", "phantom_00001");
    ck_assert_str_eq(string(r, "quality.reasons.0.code"), "empty-mask");
    ck_assert_int_eq(dig(r, "risk")->type, SN_JSON_NULL);
    ck_assert_int_eq(dig(r, "region")->type, SN_JSON_NULL);
    ck_assert(exists(at("out/phantom_00001/mask.png")));
    ck_assert(!exists(at("out/phantom_00001/cam.png")));
    ck_assert_ptr_nonnull(strstr(slurp(at("out/phantom_00001/report.html"), NULL), "No risk"));
}
END_TEST

/* ---- tables and patients --------------------------------------------------------------------- */

/* The phantoms' manifest with its patient and age columns as given. */
static const char *table(const char *name, const char *const patient[4], const char *const age[4])
{
    struct sn_buf b = { 0 };
    const char *path = at("phantoms/%s", name);

    sn_buf_puts(&b, "case,patient,image,age\n");
    for (int k = 0; k < 4; k++)
        sn_buf_printf(&b, "c%d,%s,phantom_%05d.png,%s\n", k + 1, patient[k], k + 1, age[k]);
    write_text(path, b.data);
    sn_buf_free(&b);
    return path;
}

START_TEST(images_of_a_patient)
{
    const char *pack = pack_variant("relaxed", NULL, relaxed);
    const char *path = table("pairs.csv", (const char *const[]){ "A", "B", "A", "B" },
                             (const char *const[]){ "40", "50", "40", "50" });
    double p1, p3, mean;

    ck_run(1, "predict --pack %s --manifest %s -o %s", pack, path, at("out"));
    p1 = number(result("out", "c1"), "classifiers.0.p");
    ck_assert_str_eq(string(json.root, "patient_images.cases.1"), "c3");
    mean = number(json.root, "patient_images.p.resnet50");
    p3 = number(result("out", "c3"), "classifiers.0.p");
    ck_assert(mean == (p1 + p3) / 2);
    ck_assert(number(json.root, "patient_images.p.resnet50") == mean);
    ck_assert_double_le(fabs(number(json.root, "dl_sig.value") - log(mean / (1 - mean))), 1e-12);
    ck_run(1, "predict --pack %s --manifest %s -o %s --patient-rule max", pack, path, at("out"));
    ck_assert(number(result("out", "c1"), "patient_images.p.resnet50") == (p1 > p3 ? p1 : p3));
    ck_assert_str_eq(string(json.root, "patient_images.rule"), "max");
}
END_TEST

/* The other image still counts, and the patient is to be looked at. */
START_TEST(one_bad_image)
{
    const char *path =
        table("bad.csv", (const char *const[]){ "A", "A", "B", "C" }, (const char *const[]){ "40", "40", "50", "60" });
    struct sn_error err = { 0 };
    struct sn_csv t;
    char *text = slurp(path, NULL), *image = strstr(text, "phantom_00002.png");

    memcpy(image, "broken_0000.png", 15);
    memmove(image + 15, image + 17, strlen(image + 17) + 1);
    write_text(at("phantoms/bad.csv"), text);
    write_text(at("phantoms/broken_0000.png"), "\x89PNG\r\n\x1a\nnot really");
    ck_run(3, "predict --pack %s --manifest %s -o %s", at("pack"), at("phantoms/bad.csv"), at("bad"));
    ck_says("case c2: broken_0000.png: png");
    ck_says("1 of 4 cases failed");
    ck_assert(!exists(at("bad/c2")));
    ck_assert(dig(result("bad", "c1"), "review")->boolean);
    ck_assert(number(json.root, "patient_images.used") == 1);
    ck_assert_ptr_nonnull(strstr(slurp(at("bad/c1/result.json"), NULL), "image-failed"));
    ck_assert_ptr_null(strstr(slurp(at("bad/c3/result.json"), NULL), "image-failed"));
    sn_ck_ok(sn_csv_read(at("bad/predictions.csv"), &t, &err), &err);
    ck_assert_uint_eq(t.rows, 3);
    sn_csv_free(&t);
}
END_TEST

START_TEST(missing_clinical_values)
{
    static const char *const own[4] = { "", "", "", "" };

    ck_run(3, "predict --pack %s --manifest %s -o %s", at("pack"),
           table("na.csv", own, (const char *const[]){ "40", "NA", "x", "" }), at("na"));
    ck_says("case c2: na.csv: line 3, column 'age': the value is missing");
    ck_says("case c3: na.csv: line 4, column 'age': 'x' is not a number");
    ck_says("case c4: na.csv: line 5, column 'age'");
    ck_assert(exists(at("na/c1/result.json")));
    ck_assert(!exists(at("na/c2")));
    ck_run(2, "predict --pack %s %s -o %s", at("pack"), at("phantoms/phantom_00001.png"), at("na2"));
    ck_says("needs 'age': give --clinical");
    ck_assert(!exists(at("na2")));
    write_text(at("few.csv"), "case,bmi\nphantom_00001,30\n");
    ck_run(3, "predict --pack %s %s -o %s --clinical %s", at("pack"), at("phantoms/phantom_00001.png"), at("na2"),
           at("few.csv"));
    ck_says("few.csv: column 'age'");
    write_text(at("few.csv"), "case,age\nphantom_00009,30\n");
    ck_run(3, "predict --pack %s %s -o %s --clinical %s", at("pack"), at("phantoms/phantom_00001.png"), at("na2"),
           at("few.csv"));
    ck_says("few.csv: no row for case 'phantom_00001'");
    ck_run(
        3, "predict --pack %s --manifest %s -o %s", at("pack"),
        table("two.csv", (const char *const[]){ "A", "A", "B", "C" }, (const char *const[]){ "40", "41", "50", "60" }),
        at("two"));
    ck_says("differs from another image of the same patient");
    ck_assert(!exists(at("two/c1")));
    ck_assert(exists(at("two/c3")));
    ck_run(1, "predict --pack %s --manifest %s -o %s", at("pack"),
           table("old.csv", own, (const char *const[]){ "40", "150", "44", "44" }), at("old"));
    ck_assert_ptr_nonnull(strstr(slurp(at("old/c2/result.json"), NULL), "outside-training"));
}
END_TEST

START_TEST(joins)
{
    struct sn_case_names names = SN_CASE_NAMES_DEFAULT;
    char *images[] = { (char *)"a/one.png", (char *)"b/two.png" };
    struct sn_error err = { 0 };
    struct sn_cases c;
    const char *cell;
    char where[200];

    write_text(at("clin.csv"), "image;patient;age\nx/two.png;P;33\none.png;P;44\n"); /* by image, the folder aside */
    sn_ck_ok(sn_cases_load(&c, &names, NULL, at("clin.csv"), images, 2, &err), &err);
    ck_assert_str_eq(c.rows[0].id, "one");
    ck_assert_str_eq(c.rows[1].patient, "P");
    ck_assert(c.rows[0].first && !c.rows[1].first && c.rows[0].next == 1);
    sn_ck_ok(sn_cases_cell(&c, &c.rows[1], sn_cases_column(&c, "age"), &cell, where, &err), &err);
    ck_assert_str_eq(cell, "33");
    ck_assert_str_eq(where, "clin.csv: line 2, column 'age'");
    sn_cases_free(&c);

    write_text(at("clin.csv"), "case,age\none,33\none,44\n");
    sn_ck_fails(sn_cases_load(&c, &names, NULL, at("clin.csv"), images, 2, &err), SN_EFORMAT, &err,
                "clin.csv: line 3, column 'case': 'one' is also on line 2");
    write_text(at("clin.csv"), "name,age\none,33\n");
    sn_ck_fails(sn_cases_load(&c, &names, NULL, at("clin.csv"), images, 2, &err), SN_EFORMAT, &err,
                "none of the columns");
    write_text(at("clin.csv"), "case,risk\none,33\n");
    sn_ck_fails(sn_cases_load(&c, &names, NULL, at("clin.csv"), images, 2, &err), SN_EFORMAT, &err,
                "column 'risk' has the name");
    images[1] = (char *)"b/one.bmp";
    sn_ck_fails(sn_cases_load(&c, &names, NULL, NULL, images, 2, &err), SN_EINVAL, &err, "both be case 'one'");

    write_text(at("m.csv"), "id,file,age\n../x,one.png,3\n");
    names.id = "id";
    names.image = "file";
    sn_ck_fails(sn_cases_load(&c, &names, at("m.csv"), NULL, NULL, 0, &err), SN_EFORMAT, &err,
                "line 2, column 'id': '../x' cannot name a folder");
    write_text(at("m.csv"), "id,file,age\nx,one.png,3\n");
    write_text(at("clin.csv"), "id,age\nx,4\n");
    sn_ck_ok(sn_cases_load(&c, &names, at("m.csv"), at("clin.csv"), NULL, 0, &err), &err);
    ck_assert_str_eq(c.rows[0].path, at("one.png"));
    sn_ck_fails(sn_cases_cell(&c, &c.rows[0], sn_cases_column(&c, "age"), &cell, where, &err), SN_EFORMAT, &err,
                "differs from line 2 of m.csv");
    sn_cases_free(&c);
}
END_TEST

/* ---- writing --------------------------------------------------------------------------------- */

START_TEST(results_are_replaced_whole)
{
    const char *pack = at("pack");

    ck_run(1, "predict --pack %s " MANIFEST " -o %s", pack, DIR, at("out"));
    ck_run(1, "predict --pack %s " MANIFEST " -o %s", pack_variant("empty", NULL, "fusion.cut = 1\n"), DIR, at("out"));
    ck_assert(!exists(at("out/phantom_00001/cam.png"))); /* nothing of the earlier result stays */
    write_text(at("out/phantom_00002/notes.txt"), "mine");
    ck_run(5, "predict --pack %s " MANIFEST " -o %s", pack, DIR, at("out"));
    ck_says("holds 'notes.txt', which is not a result");
    ck_assert(exists(at("out/phantom_00001/cam.png")));
    ck_assert(!exists(at("out/phantom_00002/cam.png")));
    ck_assert(exists(at("out/phantom_00002/notes.txt")));
}
END_TEST

START_TEST(unwritable_output)
{
    write_text(at("file"), "x");
    ck_run(5, "predict --pack %s " MANIFEST " -o %s", at("pack"), DIR, at("file/out"));
    ck_says("cannot create this folder");
    ck_run(5, "segment %s %s -o %s", at("pack/unet.snw"), at("phantoms/phantom_00001.png"), at("file/m.png"));
}
END_TEST

START_TEST(usage)
{
    ck_run(2, "predict --pack %s -o %s", at("pack"), at("out"));
    ck_says("give images, or --manifest");
    ck_run(2, "predict --pack %s %s", at("pack"), at("phantoms/phantom_00001.png"));
    ck_run(2, "predict --pack %s " MANIFEST " -o %s --patient-rule median", at("pack"), DIR, at("out"));
    ck_run(2, "pack --random -o %s --width 7", at("x"));
    ck_run(2, "pack");
    ck_run(0, "predict --help");
    ck_assert_ptr_nonnull(strstr(caught_out, "Research use only"));
}
END_TEST

static Suite *suite_pack(void)
{
    Suite *s = suite_create("pack");
    TCase *text = tcase_create("text"), *packs = tcase_create("packs"), *cases = tcase_create("cases");

    tcase_add_test(text, conf_reads);
    tcase_add_test(text, conf_refuses);
    tcase_add_test(text, numbers_for_people);
    tcase_add_test(text, pages_are_safe);
    suite_add_tcase(s, text);
    tcase_add_unchecked_fixture(packs, make_material, NULL);
    tcase_set_timeout(packs, 120);
    tcase_add_test(packs, pack_is_checked);
    tcase_add_test(packs, networks_fit_their_part);
    tcase_add_test(packs, damaged_network);
    tcase_add_test(packs, fusion_rules);
    tcase_add_test(packs, signature_rules);
    tcase_add_test(packs, settings_are_used);
    tcase_add_test(packs, accepted_images_exit_0);
    tcase_add_test(packs, empty_mask);
    suite_add_tcase(s, packs);
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, images_of_a_patient);
    tcase_add_test(cases, one_bad_image);
    tcase_add_test(cases, missing_clinical_values);
    tcase_add_test(cases, joins);
    tcase_add_test(cases, results_are_replaced_whole);
    tcase_add_test(cases, unwritable_output);
    tcase_add_test(cases, usage);
    suite_add_tcase(s, cases);
    return s;
}

SN_CHECK_MAIN(suite_pack)
