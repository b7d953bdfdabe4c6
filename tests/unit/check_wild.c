/*
 * check_wild.c: tables as they are found, by every command that reads one. Each dress of a table (byte order mark, line ends,
 * delimiters, quotes, GB 18030, words for a missing value) gives the very results of the plain one; each fault ends with exit code 3
 * and a message that names file, line and column, and leaves no file.
 */
#include "tests/unit/predict_run.h"

#define AGE "\xe5\xb9\xb4\xe9\xbe\x84" /* nian ling, age */
#define AGE_GB "\xc4\xea\xc1\xe4"

enum { ROWS = 60, COLS = 8, FAULTY = 5 }; /* FAULTY: the row faults are put into, line 7 */

static const char *const header[COLS] = { "case", "reader", "call", "outcome", "risk", AGE, "mask", "spacing_mm" };
enum { CASE, READER, CALL, OUTCOME, RISK, YEARS, MASK, SPACING };

/* How a table is written, and what is wrong with it. */
struct dress {
    const char *name;
    const char *delimiter, *eol, *bom;
    bool quotes, gb;
    int column;             /* -1: nothing is changed */
    const char *cell;       /* written there as it is */
    bool in_header;         /* in the header line instead */
    int rows;               /* 0: ROWS */
    int outcome;            /* of everybody, less one; 0: as they are */
};
#define PLAIN .delimiter = ",", .eol = "\n", .bom = "", .column = -1

static void cell(struct sn_buf *b, const struct dress *d, const char *text)
{
    sn_buf_puts(b, d->quotes ? "\"" : "");
    sn_buf_puts(b, d->gb && strcmp(text, AGE) == 0 ? AGE_GB : text);
    sn_buf_puts(b, d->quotes ? "\"" : "");
}

static void write_table(const struct dress *d)
{
    struct sn_buf b = { 0 };
    struct sn_rng rng = { 5 };

    sn_buf_puts(&b, d->bom);
    for (int c = 0; c < COLS; c++) {
        sn_buf_puts(&b, c ? d->delimiter : "");
        if (c == d->column && d->in_header)
            sn_buf_puts(&b, d->cell);
        else
            cell(&b, d, header[c]);
    }
    sn_buf_puts(&b, d->eol);
    for (int i = 0; i < (d->rows ? d->rows : ROWS); i++) {
        double u = sn_rng_uniform(&rng), noise = sn_rng_uniform(&rng);
        int y = d->outcome ? d->outcome - 1 : noise < 0.2 + 0.6 * u;
        char text[COLS][40];

        (void)snprintf(text[CASE], 40, "c%02d", i);
        (void)snprintf(text[READER], 40, "A");
        (void)snprintf(text[CALL], 40, "%d", u > 0.5);
        (void)snprintf(text[OUTCOME], 40, "%d", y);
        (void)snprintf(text[RISK], 40, "%.4f", 0.05 + 0.9 * u);
        (void)snprintf(text[YEARS], 40, "%d", 30 + (int)sn_rng_below(&rng, 50));
        (void)snprintf(text[MASK], 40, "phantom_0000%d_mask.png", 1 + i % 3);
        (void)snprintf(text[SPACING], 40, "0.5");
        for (int c = 0; c < COLS; c++) {
            sn_buf_puts(&b, c ? d->delimiter : "");
            if (c == d->column && i == FAULTY && !d->in_header)
                sn_buf_puts(&b, d->cell);
            else
                cell(&b, d, text[c]);
        }
        sn_buf_puts(&b, d->eol);
    }
    ck_assert(!b.failed);
    write_text(at("shapes/x.csv"), b.data);
    sn_buf_free(&b);
}

/* ---- the commands ------------------------------------------------------------------------------------------------- */

enum { FIT, EVALUATE, RECALIBRATE, READERS, PREDICTIONS, DICE, NOMOGRAM, COMMANDS };
static const char *const names[COMMANDS] = { "fit", "evaluate", "recalibrate", "readers", "readers --predictions", "dice", "nomogram" };

static int command(int k)
{
    const char *x = at("shapes/x.csv"), *out = at("out");

    switch (k) {
    case FIT: return run("fit %s --terms risk,%s --boot 0 --json -o %s", x, AGE, out);
    case EVALUATE: return run("evaluate %s --score risk --threshold-range 0.1:0.4 --subgroup %s:50 --boot 0 --json -o %s", x, AGE, out);
    case RECALIBRATE: return run("recalibrate %s --method platt -o %s", x, out);
    case READERS: return run("readers %s --boot 0 --json -o %s", x, out);
    case PREDICTIONS: return run("readers %s --predictions %s --threshold 0.4 --boot 0 --json -o %s", at("reads.csv"), x, out);
    case DICE: return run("dice %s --pred mask --boot 0 --json -o %s", x, out);
    default: return run("nomogram %s --patient %s --case c05 --json", at("model.json"), x);
    }
}

static void remove_out(void)
{
    char line[600];

    (void)snprintf(line, sizeof line, "rm -rf '%s'", at("out"));
    ck_assert_int_eq(system(line), 0);
}

/* What was printed or, by recalibrate, kept; but for digests, and the encoding up to the line's or the member's end. */
static char *told(int k)
{
    char *text = k == RECALIBRATE ? slurp(at("out"), NULL) : caught_out, *p;

    for (int i = 0; i < 2; i++)
        for (p = text; (p = strstr(p, i ? "encoding\"" : "sha256\"")) != NULL;) {
            char *end = p + strcspn(p, ",\n");

            memset(p, '.', (size_t)(end - p));
            if (i) /* the words are not of one length */
                memmove(p, end, strlen(end) + 1);
        }
    return text;
}

static size_t differs(const char *a, const char *b)
{
    size_t i = 0;

    while (a[i] && a[i] == b[i])
        i++;
    return i > 60 ? i - 60 : 0;
}

static const struct dress plain = { PLAIN, .name = "plain" };

static void material(void)
{
    struct sn_buf b = { 0 };

    remove_out();
    ck_run(0, "phantom -o %s --count 3 --seed 5 --size 64x64", at("shapes"));
    sn_buf_puts(&b, "reader,case,call\n");
    for (int i = 0; i < ROWS; i++)
        sn_buf_printf(&b, "A,c%02d,%d\n", i, i % 2);
    write_text(at("reads.csv"), b.data);
    sn_buf_free(&b);
    write_table(&plain);
    ck_run(0, "fit %s --terms risk,%s --boot 0 --quiet -o %s", at("shapes/x.csv"), AGE, at("model.json"));
}

/* ---- dresses -------------------------------------------------------------------------------------------------------- */

static const struct dress dresses[] = {
    { .name = "byte order mark, CRLF", .delimiter = ",", .eol = "\r\n", .bom = "\xef\xbb\xbf", .column = -1 },
    { .name = "semicolons", .delimiter = ";", .eol = "\n", .bom = "", .column = -1 },
    { .name = "tabs", .delimiter = "\t", .eol = "\r\n", .bom = "", .column = -1 },
    { .name = "carriage returns", .delimiter = ",", .eol = "\r", .bom = "", .column = -1 },
    { .name = "quotes", .delimiter = ",", .eol = "\n", .bom = "", .quotes = true, .column = -1 },
    { .name = "quotes, mark, semicolons", .delimiter = ";", .eol = "\r\n", .bom = "\xef\xbb\xbf", .quotes = true, .column = -1 },
    { .name = "GB 18030", .delimiter = ",", .eol = "\r\n", .bom = "", .gb = true, .column = -1 },
    { .name = "GB 18030, quotes, tabs", .delimiter = "\t", .eol = "\n", .bom = "", .gb = true, .quotes = true, .column = -1 },
};

START_TEST(every_dress)
{
    char *expected;

    material();
    write_table(&plain);
    ck_assert_msg(command(_i) == 0, "%s: %s", names[_i], caught_err);
    expected = told(_i);
    ck_assert_uint_gt(strlen(expected), 100);
    for (size_t k = 0; k < SN_COUNT(dresses); k++) {
        int code;
        char *got;

        remove_out();
        write_table(&dresses[k]);
        code = command(_i);
        ck_assert_msg(code == 0, "%s, %s: exit %d: %s", names[_i], dresses[k].name, code, caught_err);
        got = told(_i);
        ck_assert_msg(strcmp(got, expected) == 0, "%s, %s: other results from %.200s on", names[_i], dresses[k].name, got + differs(got, expected));
    }
}
END_TEST

/* Every word for a missing value is the same, and is counted. */
START_TEST(missing_values)
{
    static const char *const words[] = { "NA", "", ".", "NaN", "nan", "null", "N/A", "n/a", "\"\"", "\"NA\"" };
    static const char *const counted[COMMANDS] = { "\"left_out\": [", "\"left_out\":[{\"reason\":\"missing\",\"column\":\"outcome\",\"rows\":1}]", "\"n\": 59",
                                                   "\"cases_without_outcome\": 1", "\"cases_without_outcome\": 1", NULL, NULL };
    struct dress d = { PLAIN, .name = "missing" };
    const char *first = NULL;

    material();
    d.column = OUTCOME;
    for (size_t k = 0; k < SN_COUNT(words) && counted[_i]; k++) {
        char *got;

        d.cell = words[k];
        write_table(&d);
        ck_assert_msg(command(_i) == 0, "%s, '%s': %s", names[_i], words[k], caught_err);
        got = told(_i);
        ck_assert_msg(strstr(got, counted[_i]) != NULL, "%s: '%s' is not in %s", names[_i], counted[_i], got);
        ck_assert_msg(!first || strcmp(got, first) == 0, "%s, '%s': other results", names[_i], words[k]);
        first = got;
    }
}
END_TEST

/* ---- faults ------------------------------------------------------------------------------------------------------------ */

#define BIT(k) (1u << (k))
#define RISKS (BIT(FIT) | BIT(EVALUATE) | BIT(RECALIBRATE) | BIT(PREDICTIONS))
#define OUTCOMES (RISKS | BIT(READERS))
#define ALL (BIT(COMMANDS) - 1)

static const struct fault {
    struct dress d;
    unsigned by;
    const char *says;
} faults[] = {
    { { PLAIN, .cell = "\"0,42\"" }, RISKS, "x.csv: line 7, column 'risk': '0,42' has a decimal comma" },
    { { .name = "", .delimiter = ";", .eol = "\r\n", .bom = "\xef\xbb\xbf", .column = RISK, .cell = "0,42" }, RISKS,
      "x.csv: line 7, column 'risk': '0,42' has a decimal comma" },
    { { .name = "", .delimiter = "\t", .eol = "\n", .bom = "", .column = SPACING, .cell = "0,5" }, BIT(DICE), "x.csv: line 7, column 'spacing_mm': '0,5' has a decimal comma" },
    { { PLAIN, .cell = "0,42" }, ALL, "line 7 has 9 fields, the header has 8; decimal commas are not understood" },
    { { PLAIN, .cell = "high" }, RISKS, "x.csv: line 7, column 'risk': 'high' is not a number" },
    { { PLAIN, .cell = "inf" }, RISKS, "x.csv: line 7, column 'risk': 'inf' is not a number" },
    { { PLAIN, .cell = "-Infinity" }, RISKS, "x.csv: line 7, column 'risk': '-Infinity' is not a number" },
    { { PLAIN, .cell = "1e999" }, RISKS, "x.csv: line 7, column 'risk': '1e999' is not a number" },
    { { PLAIN, .cell = "0.4x" }, RISKS, "x.csv: line 7, column 'risk': '0.4x' is not a number" },
    { { PLAIN, .cell = "2" }, OUTCOMES, "x.csv: line 7, column 'outcome': '2' is neither 0 nor 1" },
    { { PLAIN, .cell = "yes" }, OUTCOMES, "x.csv: line 7, column 'outcome': 'yes' is neither 0 nor 1" },
    { { PLAIN, .cell = "0.5" }, OUTCOMES, "x.csv: line 7, column 'outcome': '0.5' is neither 0 nor 1" },
    { { PLAIN, .cell = "Risk", .in_header = true }, BIT(FIT) | BIT(EVALUATE) | BIT(RECALIBRATE) | BIT(PREDICTIONS), "x.csv: line 1: column 'risk' is missing" },
    { { PLAIN, .cell = "call", .in_header = true }, ALL, "x.csv: csv: columns 3 and 5 are both named \"call\"" },
    { { PLAIN, .cell = "\"0.4" }, ALL, "line 7" },
    { { PLAIN, .cell = "\"0,42\"" }, BIT(NOMOGRAM), "x.csv: line 7, column 'risk': value: '0,42' has a decimal comma" },
    { { PLAIN, .cell = "phantom_00009_mask.png" }, BIT(DICE), "x.csv: line 7, column 'mask'" },
};
/* The column of each fault above. */
static const int columns[] = { RISK, RISK, SPACING, RISK, RISK, RISK, RISK, RISK, RISK, OUTCOME, OUTCOME, OUTCOME, RISK, RISK, RISK, RISK, MASK };

START_TEST(every_fault)
{
    const struct fault *f = &faults[_i];
    struct dress d = f->d;

    material();
    d.column = columns[_i];
    write_table(&d);
    for (int k = 0; k < COMMANDS; k++) {
        int code;

        if (!(f->by & BIT(k)))
            continue;
        code = command(k);
        ck_assert_msg(code == 3, "%s: '%s' in '%s': exit %d: %s", names[k], d.cell, header[d.column], code, caught_err);
        ck_assert_msg(strstr(caught_err, f->says) != NULL, "%s: '%s' is not in: %s", names[k], f->says, caught_err);
        ck_assert_msg(!exists(at("out")) && !*caught_out, "%s left something", names[k]);
    }
}
END_TEST

/* Nothing, a header alone, one or two patients, one outcome: results that are honest about it, or an error; never a number made up. */
START_TEST(too_little)
{
    static const char *const bare[] = { "", "\n", "case,reader,call,outcome,risk," AGE ",mask,spacing_mm\n", "\xff\xfe" "c" };
    struct dress d = { PLAIN, .name = "one outcome", .outcome = 2 };

    material();
    for (size_t i = 0; i < SN_COUNT(bare); i++) {
        write_text(at("shapes/x.csv"), bare[i]);
        for (int k = 0; k < COMMANDS; k++) {
            int code = command(k);

            ck_assert_msg(code == 3 && strstr(caught_err, "x.csv"), "%s, bare table %zu: exit %d: %s", names[k], i, code, caught_err);
            ck_assert_msg(!exists(at("out")) && !*caught_out, "%s left something", names[k]);
        }
    }
    write_table(&d);
    for (int k = 0; k < READERS; k++) {
        int code = command(k);

        ck_assert_msg(code == 3 && strstr(caught_err, "x.csv") && strstr(caught_err, "outcome"), "%s, one outcome: exit %d: %s", names[k], code, caught_err);
    }
    d = (struct dress){ PLAIN, .name = "few", .rows = 2 };
    write_table(&d);
    for (int k = 0; k < READERS; k++) {
        int code = command(k);

        ck_assert_msg(code == 3 && strstr(caught_err, "x.csv"), "%s, two patients: exit %d: %s", names[k], code, caught_err);
    }
}
END_TEST

static Suite *suite_wild(void)
{
    Suite *s = suite_create("wild");
    TCase *t = tcase_create("wild");

    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, every_dress, 0, COMMANDS);
    tcase_add_loop_test(t, missing_values, 0, COMMANDS);
    tcase_add_loop_test(t, every_fault, 0, (int)SN_COUNT(faults));
    tcase_add_test(t, too_little);
    suite_add_tcase(s, t);
    return s;
}

SN_CHECK_MAIN(suite_wild)
