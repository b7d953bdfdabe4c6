/* check_csv_json.c: number conversion, CSV, JSON, and the model file that stands on them. */
#include "io/io.h"
#include "stats/stats.h"
#include "tests/support/support.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- numbers: the oracle is libc's strtod in the C locale, which rounds correctly ------------ */

static uint64_t bits(double v)
{
    uint64_t u;

    memcpy(&u, &v, sizeof u);
    return u;
}

static double from_bits(uint64_t u)
{
    double v;

    memcpy(&v, &u, sizeof v);
    return v;
}

static void same_as_strtod(const char *s)
{
    double v = 0.0, expected = strtod(s, NULL);

    ck_assert_msg(sn_parse_double(s, &v), "'%s' was refused", s);
    ck_assert_msg(bits(v) == bits(expected), "'%s' gives %a, expected %a", s, v, expected);
}

START_TEST(parse_hard_cases)
{
    static const char *const text[] = {
        "0",
        "-0",
        "0.0e99999999999999999999",
        "1",
        "-1.5",
        "+2",
        ".5",
        "5.",
        "1e22",
        "1e23",
        "123456789012345678",
        "9007199254740993",
        "9007199254740992.99999999999999999999",
        "9007199254740993.00000000000000000001",
        "2.2250738585072011e-308",
        "2.2250738585072014e-308",
        "4.9406564584124654e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "1e-400",
        "1e-99999999999999999999999",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "8.41e21",
        "9.5e-8",
        "6929495644600919.5",
        "3.7455744005952583e15",
        "0."
        "000000000000000000000000000000000000000000000000000000000000000000000000000000000012345678"
        "901234567890",
        /* half way between the two smallest doubles and the digit after */
        "7."
        "410984687618698162648531893023320585475897039214871466383785237510132609053131277979497545"
        "4245398"
        "856969484704316857659638998506553390969459816219401617281718945106978546710679176872575177"
        "347315553"
        "307795408549809608457500958111373034747658096871009590975442271004757307809711118935784838"
        "675653998"
        "783503015228055934046593739791790738723868299395818481660169122019456499931289798411362062"
        "484498678"
        "713572180352209017023903285791732520220528974020802906854021606612375549983402671300035812"
        "486479041"
        "385743401875520901590172592547146296175134159774938718574737870961645638908718119841271673"
        "056017045"
        "493004705269590165763776884908267986972573366521765567941072508764337560846003984904972149"
        "117463085"
        "539556354188641513168478436313080237596295773983001708984375e-324",
    };
    static const char *const bad[] = {
        "",
        " ",
        ".",
        "-",
        "+",
        "e5",
        "1e",
        "1e+",
        "1e-",
        " 1",
        "1 ",
        "1..2",
        "--1",
        "0x10",
        "inf",
        "nan",
        "1,5",
        "1e309",
        "1.7976931348623159e308",
        "-1e400",
        "1_000",
        "1f",
    };
    double v;

    for (size_t i = 0; i < SN_COUNT(text); i++)
        same_as_strtod(text[i]);
    for (size_t i = 0; i < SN_COUNT(bad); i++)
        ck_assert_msg(!sn_parse_double(bad[i], &v), "'%s' was accepted", bad[i]);
    ck_assert(sn_parse_double_n("12345", 2, &v) && v == 12.0);
}
END_TEST

START_TEST(parse_random)
{
    struct sn_rng r = { 20250828 };
    char s[1300];

    for (int i = 0; i < 20000; i++) {
        size_t n = 0, digits = 1 + (size_t)sn_rng_below(&r, i % 20 == 0 ? 1100 : 25),
               point = sn_rng_below(&r, digits + 1);

        for (size_t d = 0; d < digits; d++) {
            if (d == point)
                s[n++] = '.';
            s[n++] = (char)('0' + (d > 17 && i % 3 == 0 ? 0 : sn_rng_below(&r, 10)));
        }
        sprintf(s + n, "e%d", (int)sn_rng_below(&r, 640) - 330 - (int)point);
        if (isfinite(strtod(s, NULL)))
            same_as_strtod(s);
    }
}
END_TEST

/* Exact ties between neighbours, written out by libc with all digits, and one digit beyond. */
START_TEST(parse_ties)
{
    struct sn_rng r = { 7 };
    char s[1400];

    for (int i = 0; i < 3000; i++) {
        /* odd mantissas of 54 bits are half way between two doubles */
        long double half = (long double)((sn_rng_next(&r) >> 10) | 1) * 2.0L;

        ck_assert_int_eq((int)(sizeof half > 8), 1);
        sprintf(s, "%.1Lf", half / 2.0L);
        same_as_strtod(s);
        sprintf(s, "%.30Lf1", half / 4096.0L);
        same_as_strtod(s);
    }
}
END_TEST

/* Reads back exactly, and no shorter text does. */
static void format_is_shortest(double v)
{
    char s[32], shorter[40];
    double back;
    int digits = 0;

    sn_format_double(v, s);
    ck_assert_msg(strlen(s) < sizeof s && sn_parse_double(s, &back) && bits(back) == bits(v),
                  "%a became '%s'", v, s);
    for (const char *p = s; *p && *p != 'e'; p++)
        digits += *p >= '0' && *p <= '9' && (digits > 0 || *p != '0');
    if (digits > 1 && digits <= 17 && strchr(s, '.')) {
        sprintf(shorter, "%.*e", digits - 2, v);
        ck_assert_msg(bits(strtod(shorter, NULL)) != bits(v), "%s is shorter than '%s'", shorter,
                      s);
    }
}

START_TEST(format_values)
{
    static const struct {
        double v;
        const char *text;
    } known[] = {
        { 0.0, "0" },
        { -0.0, "-0" },
        { 0.1, "0.1" },
        { -2.5, "-2.5" },
        { 1e-300, "1e-300" },
        { 100.0, "100" },
        { 1e16, "10000000000000000" },
        { 1e17, "1e17" },
        { 123456789012345680.0, "1.2345678901234568e17" },
        { 0.00001, "0.00001" },
        { 0.000001, "1e-6" },
        { 1.0 / 3.0, "0.3333333333333333" },
        { 5e-324, "5e-324" },
        { 2.2250738585072014e-308, "2.2250738585072014e-308" },
        { 1.7976931348623157e308, "1.7976931348623157e308" },
        { 5.684341886080802e-14,
          "5.684341886080802e-14" }, /* 2^-44: the nearest 16 digits do not read back */
        { 9007199254740993.0, "9007199254740992" },
        { 2.98023223876953125e-8, "2.9802322387695312e-8" },
        { (double)NAN, "nan" },
        { (double)INFINITY, "inf" },
        { -(double)INFINITY, "-inf" },
    };
    struct sn_rng r = { 99 };
    char s[32];

    for (size_t i = 0; i < SN_COUNT(known); i++)
        ck_assert_str_eq(sn_format_double(known[i].v, s), known[i].text);
    for (int i = 0; i < 20000; i++) {
        uint64_t u = sn_rng_next(&r);

        if (i % 4 == 1)
            u &= ~(uint64_t)0xfffffffffffff; /* powers of two: an uneven pair of neighbours */
        if (i % 4 == 2)
            u &= 0x800fffffffffffff; /* denormal */
        if (i % 4 == 3)
            u = bits((double)(u % 10000000) / 1000.0);
        if (isfinite(from_bits(u)))
            format_is_shortest(from_bits(u));
    }
}
END_TEST

/* ---- CSV ------------------------------------------------------------------------------------- */

static struct sn_error err;

static int parse_csv(const char *text, struct sn_csv *t)
{
    return sn_csv_parse(text, strlen(text), t, &err);
}

START_TEST(csv_plain)
{
    struct sn_csv t;
    double v;

    sn_ck_ok(parse_csv("\xef\xbb\xbf"
                       "case,age,note\r\nA, 51 ,\"said \"\"yes\"\",\r\nthen left\"\r\n\r\nB,NA,\n",
                       &t),
             &err);
    ck_assert_uint_eq(t.rows, 2);
    ck_assert_uint_eq(t.cols, 3);
    ck_assert_int_eq(t.delimiter, ',');
    ck_assert_str_eq(t.header[0], "case");
    ck_assert_int_eq(sn_csv_column(&t, "note"), 2);
    ck_assert_int_eq(sn_csv_column(&t, "Note"), -1);
    ck_assert_str_eq(sn_csv_cell(&t, 0, 2), "said \"yes\",\r\nthen left");
    ck_assert_str_eq(sn_csv_cell(&t, 1, 2), "");
    ck_assert_uint_eq(t.lines[0], 2);
    ck_assert_uint_eq(t.lines[1], 5);
    sn_ck_ok(sn_csv_number(&t, 0, 1, &v, &err), &err);
    ck_assert(v == 51.0);
    sn_ck_fails(sn_csv_number(&t, 1, 1, &v, &err), SN_EFORMAT, &err,
                "line 5, column \"age\": \"NA\" is not a number");
    sn_csv_free(&t);
}
END_TEST

START_TEST(csv_delimiters)
{
    struct sn_csv t;
    double v;

    sn_ck_ok(parse_csv("\"a,b,c\";x\n1,5;2", &t), &err);
    ck_assert_int_eq(t.delimiter, ';');
    ck_assert_str_eq(t.header[0], "a,b,c");
    sn_ck_fails(sn_csv_number(&t, 0, 0, &v, &err), SN_EFORMAT, &err, "the decimal sign is a point");
    sn_csv_free(&t);
    sn_ck_ok(parse_csv("a\tb\n1\t2\n", &t), &err);
    ck_assert_int_eq(t.delimiter, '\t');
    ck_assert_str_eq(sn_csv_cell(&t, 0, 1), "2");
    sn_csv_free(&t);
    sn_ck_ok(parse_csv("only\r1\r2\r", &t), &err); /* one column, line ends of old spreadsheets */
    ck_assert_uint_eq(t.rows, 2);
    sn_csv_free(&t);
    sn_ck_ok(parse_csv("a,b", &t), &err); /* a header alone is a table of no rows */
    ck_assert_uint_eq(t.rows, 0);
    sn_csv_free(&t);
}
END_TEST

START_TEST(csv_refused)
{
    static const struct {
        const char *text, *message;
        int code;
    } bad[] = {
        { "", "no header line", SN_EFORMAT },
        { "\n\r\n", "no header line", SN_EFORMAT },
        { "a,b\n1,2\n3\n", "line 3 has 1 fields, the header has 2", SN_EFORMAT },
        { "a,b\n1,2,3\n", "line 2 has 3 fields, the header has 2", SN_EFORMAT },
        { "a,b\n\"1,2\n3,4\n", "quote opened on line 2 is still open", SN_EFORMAT },
        { "a,b\n\"1\"x,2\n", "line 2, byte 7: text after a closing quote", SN_EFORMAT },
        { "a,b,a\n1,2,3\n", "columns 1 and 3 are both named \"a\"", SN_EFORMAT },
        { "\xff\xfe" "a", "UTF-16", SN_EUNSUPPORTED },
    };
    struct sn_csv t;
    struct sn_buf wide = { 0 };

    for (size_t i = 0; i < SN_COUNT(bad); i++) {
        sn_ck_fails(parse_csv(bad[i].text, &t), bad[i].code, &err, bad[i].message);
        ck_assert_ptr_null(t.cells);
    }
    sn_ck_fails(sn_csv_parse("a,b\n1,\0", 7, &t, &err), SN_EFORMAT, &err, "NUL at byte 6");
    for (int i = 0; i < 5000; i++)
        sn_buf_puts(&wide, ",");
    sn_ck_fails(parse_csv(wide.data, &t), SN_ELIMIT, &err, "more than 4096 columns");
    sn_buf_free(&wide);
    sn_ck_fails(sn_csv_read("/nonexistent/table.csv", &t, &err), SN_EIO, &err, "table.csv");
}
END_TEST

START_TEST(csv_na)
{
    static const char *const yes[] = { "",    "  ",   "NA",   "na", "N/A",
                                       "NaN", "NULL", "null", ".",  " NA\t" };
    static const char *const no[] = { "0", "n", "none", "NAN1", "..", "-", "nul" };

    for (size_t i = 0; i < SN_COUNT(yes); i++)
        ck_assert_msg(sn_csv_is_na(yes[i]), "'%s'", yes[i]);
    for (size_t i = 0; i < SN_COUNT(no); i++)
        ck_assert_msg(!sn_csv_is_na(no[i]), "'%s'", no[i]);
}
END_TEST

/* Whatever is put comes back. */
START_TEST(csv_round_trip)
{
    static const char alphabet[] = "ab ,;\t\"\n\r.\xc3\xa4";
    struct sn_rng r = { 3 };

    for (int round = 0; round < 500; round++) {
        char cell[6][12];
        struct sn_buf b = { 0 };
        struct sn_csv t;

        sn_buf_puts(&b, "x,y\n");
        for (int i = 0; i < 6; i++) {
            size_t n = (size_t)sn_rng_below(&r, 11);

            for (size_t k = 0; k < n; k++)
                cell[i][k] = alphabet[sn_rng_below(&r, sizeof alphabet - 1)];
            cell[i][n] = '\0';
            sn_csv_put(&b, cell[i]);
            sn_buf_puts(&b, i % 2 ? "\n" : ",");
        }
        sn_ck_ok(parse_csv(b.data, &t), &err);
        ck_assert_uint_eq(t.rows, 3);
        for (int i = 0; i < 6; i++)
            ck_assert_str_eq(sn_csv_cell(&t, (size_t)i / 2, i % 2), cell[i]);
        sn_csv_free(&t);
        sn_buf_free(&b);
    }
}
END_TEST

/* ---- JSON ------------------------------------------------------------------------------------ */

static int parse_json(const char *text, struct sn_json_doc *d)
{
    return sn_json_parse(text, strlen(text), d, &err);
}

START_TEST(json_read)
{
    struct sn_json_doc d;
    const struct sn_json_value *v;

    sn_ck_ok(
        parse_json(
            " {\"a\": [1, -2.5e3, 0], \"b\": {\"c\": null, \"d\": [true,false,[]], \"e\":{}},\n"
            "\"s\": \"\\u00e4\\ud83d\\ude00\\n\\/\\\"\xc3\xa4\"}\t",
            &d),
        &err);
    v = sn_json_get(d.root, "a");
    ck_assert_int_eq(v->type, SN_JSON_ARRAY);
    ck_assert_uint_eq(v->count, 3);
    ck_assert(v->first->number == 1.0 && v->first->next->number == -2500.0 &&
              !v->first->next->next->next);
    v = sn_json_get(d.root, "b");
    ck_assert_uint_eq(v->count, 3);
    ck_assert_int_eq(sn_json_get(v, "c")->type, SN_JSON_NULL);
    ck_assert(sn_json_get(v, "d")->first->boolean && !sn_json_get(v, "d")->first->next->boolean);
    ck_assert_ptr_null(sn_json_get(v, "nothing"));
    ck_assert_ptr_null(sn_json_get(sn_json_get(d.root, "a"), "x"));
    ck_assert_str_eq(sn_json_get(d.root, "s")->string, "\xc3\xa4\xf0\x9f\x98\x80\n/\"\xc3\xa4");
    sn_json_doc_free(&d);
}
END_TEST

START_TEST(json_refused)
{
    static const char *const bad[][2] = {
        { "", "byte 0: the end, expected a value" },
        { "{", "expected a string" },
        { "[1,]", "byte 3: ']', expected a value" },
        { "{\"a\":1,}", "expected a string" },
        { "{\"a\" 1}", "expected ':'" },
        { "[1 2]", "byte 3: '2', expected ',' or ']'" },
        { "{\"a\":1,\"a\":2}", "key \"a\" occurs twice" },
        { "{\"a\":1,\"\\u0061\":2}", "key \"a\" occurs twice" },
        { "01", "leading zero" },
        { "-", "expected a digit" },
        { "1.", "digit after the point" },
        { "1e", "digit of the exponent" },
        { ".5", "expected a value" },
        { "+1", "expected a value" },
        { "1e400", "too large" },
        { "NaN", "expected a value" },
        { "nul", "expected a value" },
        { "true1", "expected the end" },
        { "'a'", "expected a value" },
        { "\"a", "closing quote" },
        { "\"\t\"", "byte 0x09" },
        { "\"\\x\"", "after a backslash" },
        { "\"\\u12g4\"", "hexadecimal" },
        { "\"\\u0000\"", "not allowed" },
        { "\"\\ud800\"", "surrogate" },
        { "\"\\udc00\"", "not allowed" },
        { "\"\\ud800\\u0041\"", "broken surrogate" },
        { "\"\xff\"", "UTF-8" },
        { "\"\xc0\xaf\"", "UTF-8" },
        { "\"\xed\xa0\x80\"", "UTF-8" },
        { "\"\xf4\x90\x80\x80\"", "UTF-8" },
        { "\xef\xbb\xbf{}", "expected a value" },
        { "/* */ 1", "expected a value" },
        { "{} {}", "byte 3: '{', expected the end" },
    };
    struct sn_json_doc d;
    char deep[140];

    for (size_t i = 0; i < SN_COUNT(bad); i++)
        sn_ck_fails(parse_json(bad[i][0], &d), SN_EFORMAT, &err, bad[i][1]);
    for (int depth = 64; depth <= 65; depth++) {
        memset(deep, '[', (size_t)depth);
        memset(deep + depth, ']', (size_t)depth);
        deep[2 * depth] = '\0';
        if (depth == 64) {
            sn_ck_ok(parse_json(deep, &d), &err);
            sn_json_doc_free(&d);
        } else {
            sn_ck_fails(parse_json(deep, &d), SN_EFORMAT, &err, "deeper than 64");
        }
    }
}
END_TEST

START_TEST(json_write)
{
    struct sn_json j;
    struct sn_json_doc d;

    sn_json_init(&j, 2);
    sn_json_object(&j);
    sn_json_kv(&j, "name", "a\"b\\c\n\x01\x7f\xff\xc3\xa4");
    sn_json_kv(&j, "none", NULL);
    sn_json_kv_number(&j, "x", 0.1);
    sn_json_kv_number(&j, "nan", (double)NAN);
    sn_json_kv_int(&j, "i", INT64_MIN);
    sn_json_kv_bool(&j, "t", true);
    sn_json_key(&j, "list");
    sn_json_array(&j);
    sn_json_number(&j, -1.5);
    sn_json_object(&j);
    sn_json_end_object(&j);
    sn_json_null(&j);
    sn_json_end_array(&j);
    sn_json_end_object(&j);
    ck_assert(!j.buf.failed);
    ck_assert_str_eq(
        j.buf.data,
        "{\n  \"name\": \"a\\\"b\\\\c\\n\\u0001\\u007f\xef\xbf\xbd\xc3\xa4\",\n"
        "  \"none\": null,\n  \"x\": 0.1,\n  \"nan\": null,\n  \"i\": -9223372036854775808,\n"
        "  \"t\": true,\n  \"list\": [\n    -1.5,\n    {},\n    null\n  ]\n}\n");
    sn_ck_ok(sn_json_parse(j.buf.data, j.buf.len, &d, &err), &err);
    ck_assert_uint_eq(d.root->count, 7);
    sn_json_doc_free(&d);
    sn_json_free(&j);
    sn_json_init(&j, 0);
    sn_json_array(&j);
    sn_json_int(&j, 1);
    sn_json_bool(&j, false);
    sn_json_string(&j, "");
    sn_json_end_array(&j);
    ck_assert_str_eq(j.buf.data, "[1,false,\"\"]");
    sn_json_free(&j);
}
END_TEST

/* ---- model.json ------------------------------------------------------------------------------ */

#define HEAD "{\"format\":\"sentinode-logistic\",\"version\":1,"

static int parse_model(const char *text, struct sn_logistic *m)
{
    return sn_logistic_parse(text, strlen(text), m, &err);
}

START_TEST(logistic_applies)
{
    struct sn_logistic m;
    double x[3] = { 0.5, 60.0, 1.0 }, lp, risk;

    sn_ck_ok(
        parse_model(
            HEAD
            "\"outcome\":\"o\",\"trained_on\":\"t\",\"intercept\":-1.25,\"threshold\":0.35,\"fit\":"
            "{\"n\":9},"
            "\"terms\":[{\"name\":\"dl_sig\",\"column\":\"dl_sig\",\"coefficient\":0.5,\"min\":-4,"
            "\"max\":4},"
            "{\"name\":\"age\",\"column\":\"age\",\"coefficient\":-0.0625},"
            "{\"name\":\"grade=3\",\"column\":\"grade\",\"level\":\"3\",\"coefficient\":0.75}]}",
            &m),
        &err);
    ck_assert_uint_eq(m.n_terms, 3);
    ck_assert(m.threshold == 0.35 && m.terms[0].min == -4.0 && isnan(m.terms[1].max));
    ck_assert_str_eq(m.terms[2].level, "3");
    ck_assert_ptr_null(m.terms[1].level);
    sn_ck_ok(sn_logistic_apply(&m, x, &lp, &risk, &err), &err);
    ck_assert(lp == -1.25 + 0.25 - 3.75 + 0.75); /* exact in binary */
    ck_assert(fabs(risk - 1.0 / (1.0 + exp(4.0))) < 1e-16);
    x[1] = (double)NAN;
    sn_ck_fails(sn_logistic_apply(&m, x, &lp, &risk, &err), SN_EINVAL, &err, "\"age\"");
    sn_logistic_free(&m);
    sn_ck_ok(parse_model(HEAD "\"intercept\":0,\"threshold\":null,\"terms\":[]}", &m), &err);
    ck_assert(isnan(m.threshold));
    sn_ck_ok(sn_logistic_apply(&m, NULL, &lp, &risk, &err), &err);
    ck_assert(risk == 0.5);
    sn_logistic_free(&m);
}
END_TEST

START_TEST(logistic_refused)
{
    static const char *const bad[][2] = {
        { "[]", "sentinode-logistic" },
        { "{\"format\":\"other\"}", "sentinode-logistic" },
        { HEAD "\"intercept\":0}", "lacks \"terms\"" },
        { HEAD "\"terms\":[]}", "lacks \"intercept\"" },
        { HEAD "\"intercept\":\"0\",\"terms\":[]}",
          "\"intercept\" is a string, expected a number" },
        { HEAD "\"intercept\":0,\"terms\":[],\"treshold\":0.5}", "unknown key \"treshold\"" },
        { HEAD "\"intercept\":0,\"terms\":[],\"threshold\":1.5}", "in [0, 1]" },
        { HEAD "\"intercept\":0,\"terms\":[1]}", "term 1 is a number" },
        { HEAD "\"intercept\":0,\"terms\":[{\"name\":\"a\",\"column\":\"a\"}]}",
          "term 1 lacks \"coefficient\"" },
        { HEAD "\"intercept\":0,\"terms\":[{\"name\":\"\",\"column\":\"a\",\"coefficient\":1}]}",
          "empty name" },
        { HEAD "\"intercept\":0,\"terms\":[{\"name\":\"a\",\"column\":\"a\",\"coefficient\":1,"
               "\"min\":2,\"max\":1}]}",
          "min above max" },
        { HEAD "\"intercept\":0,\"terms\":[{\"name\":\"a\",\"column\":\"a\",\"coefficient\":1},"
               "{\"name\":\"a\",\"column\":\"b\",\"coefficient\":1}]}",
          "terms 1 and 2" },
        { HEAD "\"intercept\":0,\"terms\":[{\"name\":\"a\",\"column\":\"g\",\"level\":\"1\","
               "\"coefficient\":1},"
               "{\"name\":\"b\",\"column\":\"g\",\"level\":\"1\",\"coefficient\":1}]}",
          "terms 1 and 2" },
    };
    struct sn_logistic m;

    for (size_t i = 0; i < SN_COUNT(bad); i++)
        sn_ck_fails(parse_model(bad[i][0], &m), SN_EFORMAT, &err, bad[i][1]);
    sn_ck_fails(parse_model("{\"format\":\"sentinode-logistic\",\"version\":3}", &m),
                SN_EUNSUPPORTED, &err, "version");
}
END_TEST

static Suite *suite_csv_json(void)
{
    Suite *s = suite_create("csv_json");
    TCase *numbers = tcase_create("numbers"), *csv = tcase_create("csv"),
          *json = tcase_create("json"), *model = tcase_create("model.json");

    tcase_add_test(numbers, parse_hard_cases);
    tcase_add_test(numbers, parse_random);
    tcase_add_test(numbers, parse_ties);
    tcase_add_test(numbers, format_values);
    tcase_add_test(csv, csv_plain);
    tcase_add_test(csv, csv_delimiters);
    tcase_add_test(csv, csv_refused);
    tcase_add_test(csv, csv_na);
    tcase_add_test(csv, csv_round_trip);
    tcase_add_test(json, json_read);
    tcase_add_test(json, json_refused);
    tcase_add_test(json, json_write);
    tcase_add_test(model, logistic_applies);
    tcase_add_test(model, logistic_refused);
    suite_add_tcase(s, numbers);
    suite_add_tcase(s, csv);
    suite_add_tcase(s, json);
    suite_add_tcase(s, model);
    return s;
}

SN_CHECK_MAIN(suite_csv_json)
