/* check_table.c: tables as found in the wild: character sets, delimiters, faults by line and column, complete cases. */
#include "tests/support/support.h"
#include "tools/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *file(const char *name, const void *bytes, size_t n)
{
    static char path[4][512];
    static unsigned turn;
    struct sn_error err = { 0 };
    char *p = path[turn++ % 4];

    (void)snprintf(p, sizeof path[0], "%s/%s", sn_test_tmpdir(), name);
    sn_ck_ok(sn_file_write(p, bytes, n, &err), &err);
    return p;
}
#define TEXT(name, s) file(name, s, sizeof(s) - 1)

static struct sn_table read_ok(const char *path)
{
    struct sn_table t;
    struct sn_error err = { 0 };

    sn_ck_ok(sn_table_read(path, SN_ENCODING_AUTO, &t, &err), &err);
    return t;
}

static void read_fails(const char *path, enum sn_encoding e, int code, const char *message)
{
    struct sn_table t;
    struct sn_error err = { 0 };
    int rc = sn_table_read(path, e, &t, &err);

    sn_ck_fails(rc, code, &err, message);
}

/* ---- bytes ------------------------------------------------------------------------------------ */

START_TEST(every_dress_of_one_table)
{
    static const struct {
        const char *text;
        size_t n;
    } dress[] = {
#define DRESS(s) { s, sizeof(s) - 1 }
        DRESS("case,risk\na,0.5\nb,NA\n"),
        DRESS("\xef\xbb\xbf" "case,risk\r\na,0.5\r\nb,NA\r\n"),
        DRESS("case;risk\na;0.5\nb;n/a"),
        DRESS("case\trisk\ra\t 0.5\rb\t\r"),
        DRESS("\"case\",\"risk\"\n\"a\",\"0.5\"\n\"b\",\"null\"\n"),
    };

    for (size_t i = 0; i < SN_COUNT(dress); i++) {
        struct sn_table t = read_ok(file("dress.csv", dress[i].text, dress[i].n));
        struct sn_error err = { 0 };
        double *v;
        int col;

        sn_ck_ok(sn_table_column(&t, "risk", &col, &err), &err);
        sn_ck_ok(sn_table_numbers(&t, col, &v, &err), &err);
        ck_assert_uint_eq(t.csv.rows, 2);
        ck_assert_double_eq(v[0], 0.5);
        ck_assert(isnan(v[1]));
        ck_assert_int_eq(t.encoding, SN_ENCODING_UTF8);
        free(v);
        sn_table_free(&t);
    }
}
END_TEST

START_TEST(chinese_headers)
{
    static const char gb[] = "\xb2\xa1\xc0\xfd,\xc4\xea\xc1\xe4\nA1,51\n"; /* bing li, nian ling */
    static const char utf8[] = "\xe7\x97\x85\xe4\xbe\x8b,\xe5\xb9\xb4\xe9\xbe\x84\nA1,51\n";
    struct sn_table t = read_ok(TEXT("gb.csv", gb)), u = read_ok(TEXT("u.csv", utf8));
    struct sn_error err = { 0 };
    enum sn_encoding e;
    int col;

    ck_assert_int_eq(t.encoding, SN_ENCODING_GB18030);
    ck_assert_int_eq(u.encoding, SN_ENCODING_UTF8);
    ck_assert_str_eq(t.csv.header[1], u.csv.header[1]);
    sn_ck_ok(sn_table_column(&t, "\xe5\xb9\xb4\xe9\xbe\x84", &col, &err), &err);
    ck_assert_int_eq(col, 1);
    sn_table_free(&t);
    sn_table_free(&u);
    read_fails(TEXT("gb.csv", gb), SN_ENCODING_UTF8, SN_EFORMAT, "gb.csv: line 1, byte 0: 0xb2 is not UTF-8");
    read_fails(TEXT("latin.csv", "case,n\nRen\xe9,1\n"), SN_ENCODING_AUTO, SN_EFORMAT, "latin.csv: line 2, byte 10: 0xe9 is not UTF-8");
    read_fails(TEXT("latin.csv", "case,n\nRen\xe9,1\n"), SN_ENCODING_GB18030, SN_EFORMAT, "latin.csv: byte 10: 0xe9 begins no GB 18030 code");
    read_fails(file("wide.csv", "\xff\xfe" "c\0a\0", 6), SN_ENCODING_AUTO, SN_EUNSUPPORTED, "UTF-16");
    ck_assert(sn_encoding_parse("GBK", &e) && e == SN_ENCODING_GB18030);
    ck_assert(sn_encoding_parse("UTF-8", &e) && e == SN_ENCODING_UTF8);
    ck_assert(!sn_encoding_parse("latin1", &e));
    ck_assert(!sn_encoding_parse("gb", &e));
}
END_TEST

START_TEST(a_real_table)
{
    const char *path = sn_test_data("stats/nsln_229_gb18030.csv");
    struct sn_table t;
    int ones = 0, *y;
    struct sn_error err = { 0 };

    if (!path)
        return;
    t = read_ok(path);
    ck_assert_int_eq(t.encoding, SN_ENCODING_GB18030);
    ck_assert_uint_eq(t.csv.rows, 229);
    sn_ck_ok(sn_table_flags(&t, (int)t.csv.cols - 1, &y, &err), &err);
    for (size_t i = 0; i < t.csv.rows; i++)
        ones += y[i];
    ck_assert_int_eq(ones, 79); /* SOURCES.md of the data */
    free(y);
    sn_table_free(&t);
}
END_TEST

/* ---- faults ----------------------------------------------------------------------------------- */

static void number_fails(const char *cell, const char *message)
{
    char text[200];
    struct sn_table t;
    struct sn_error err = { 0 };
    double *v;
    int rc;

    (void)snprintf(text, sizeof text, "case;risk\na;0.1\n\"b\nb\";%s\n", cell);
    t = read_ok(file("n.csv", text, strlen(text)));
    rc = sn_table_numbers(&t, 1, &v, &err);
    sn_ck_fails(rc, SN_EFORMAT, &err, message);
    ck_assert_ptr_null(v);
    sn_table_free(&t);
}

START_TEST(numbers_that_are_none)
{
    number_fails("0,42", "n.csv: line 3, column 'risk': '0,42' has a decimal comma; write numbers with a decimal point");
    number_fails("-1.234,5", "has a decimal comma");
    number_fails("high", "n.csv: line 3, column 'risk': 'high' is not a number");
    number_fails("0.5 %", "'0.5 %' is not a number");
    number_fails("1,2,3", "is not a number");
    number_fails("inf", "is not a number");
    number_fails("0x1p3", "is not a number");
}
END_TEST

START_TEST(outcomes_that_are_none)
{
    struct sn_table t = read_ok(TEXT("o.csv", "case,outcome\na,0\nb,1\nc,\nd,2\ne,yes\n"));
    struct sn_error err = { 0 };
    int v, *all, rc;

    sn_ck_ok(sn_table_flag(&t, 0, 1, &v, &err), &err);
    ck_assert_int_eq(v, 0);
    sn_ck_ok(sn_table_flag(&t, 1, 1, &v, &err), &err);
    ck_assert_int_eq(v, 1);
    sn_ck_ok(sn_table_flag(&t, 2, 1, &v, &err), &err);
    ck_assert_int_eq(v, -1);
    rc = sn_table_flags(&t, 1, &all, &err);
    sn_ck_fails(rc, SN_EFORMAT, &err, "o.csv: line 5, column 'outcome': '2' is neither 0 nor 1");
    rc = sn_table_flag(&t, 4, 1, &v, &err);
    sn_ck_fails(rc, SN_EFORMAT, &err, "o.csv: line 6, column 'outcome': 'yes' is neither 0 nor 1");
    sn_table_free(&t);
}
END_TEST

/* --positive: one text is the event, one other is not. */
START_TEST(outcomes_as_text)
{
    struct sn_table t = read_ok(TEXT("o.csv", "case,outcome\na,benign\nb,malignant\nc,benign\nd,unsure\n"));
    struct sn_outcome o = { .col = 1, .positive = "malignant" }, numbers = { .col = 1 };
    struct sn_error err = { 0 };
    int y;

    for (size_t i = 0; i < 3; i++) {
        sn_ck_ok(sn_table_outcome(&t, i, &o, &y, &err), &err);
        ck_assert(y == (i == 1) && o.seen == (i >= 1));
    }
    sn_ck_fails(sn_table_outcome(&t, 3, &o, &y, &err), SN_EFORMAT, &err, "o.csv: line 5, column 'outcome': a third outcome 'unsure', beside 'malignant' and 'benign'");
    sn_ck_fails(sn_table_outcome(&t, 0, &numbers, &y, &err), SN_EFORMAT, &err, "line 2, column 'outcome': 'benign' is neither 0 nor 1; --positive TEXT");
    sn_table_free(&t);
}
END_TEST

START_TEST(missing_columns_and_ragged_rows)
{
    struct sn_table t = read_ok(TEXT("c.csv", "case,p_a,p_b\nx,0.1,0.2\n"));
    struct sn_error err = { 0 };
    int *cols = NULL, col, rc;
    char **names = NULL;
    size_t n;

    rc = sn_table_column(&t, "risk", &col, &err);
    sn_ck_fails(rc, SN_EFORMAT, &err, "c.csv: line 1: column 'risk' is missing; the header has: case, p_a, p_b");
    rc = sn_table_columns(&t, "p_a,p_b,risk", &cols, &names, &n, &err);
    sn_ck_fails(rc, SN_EFORMAT, &err, "column 'risk' is missing");
    rc = sn_table_columns(&t, "p_a,p_a", &cols, &names, &n, &err);
    sn_ck_fails(rc, SN_EINVAL, &err, "'p_a' is named twice");
    ck_assert_ptr_null(names);
    sn_ck_ok(sn_table_columns(&t, "p_b,p_a", &cols, &names, &n, &err), &err);
    ck_assert_uint_eq(n, 2);
    ck_assert_int_eq(cols[0], 2);
    ck_assert_str_eq(names[1], "p_a");
    sn_table_names_free(cols, names);
    sn_table_free(&t);
    read_fails(TEXT("r.csv", "case,risk\na,0,42\n"), SN_ENCODING_AUTO, SN_EFORMAT,
               "r.csv: csv: line 2 has 3 fields, the header has 2; decimal commas are not understood");
    read_fails(TEXT("e.csv", ""), SN_ENCODING_AUTO, SN_EFORMAT, "e.csv: csv: no header line");
    read_fails("/nowhere/at/all.csv", SN_ENCODING_AUTO, SN_EIO, "all.csv");
}
END_TEST

/* ---- categories and complete cases --------------------------------------------------------------- */

START_TEST(levels_in_order)
{
    struct sn_table t = read_ok(TEXT("f.csv", "g,s\n10,b\n9,a\nNA,c\n1.0,a\n1,\n"));
    struct sn_error err = { 0 };
    struct sn_factor f;

    sn_ck_ok(sn_table_factor(&t, 0, &f, &err), &err);
    ck_assert_uint_eq(f.n_levels, 3); /* 1 and 1.0 are one */
    ck_assert_str_eq(f.level[0], "1.0");
    ck_assert_str_eq(f.level[2], "10");
    ck_assert_int_eq(f.code[0], 2);
    ck_assert_int_eq(f.code[2], -1);
    ck_assert_int_eq(f.code[4], 0);
    sn_factor_free(&f);
    sn_ck_ok(sn_table_factor(&t, 1, &f, &err), &err);
    ck_assert_uint_eq(f.n_levels, 3);
    ck_assert_str_eq(f.level[0], "a");
    ck_assert_int_eq(f.code[4], -1);
    sn_factor_free(&f);
    sn_table_free(&t);
}
END_TEST

START_TEST(complete_cases_are_counted)
{
    struct sn_table t = read_ok(TEXT("k.csv", "case,set,risk,age\na,train,0.1,50\nb,train,,51\nc,external,0.3,NA\nd,train,0.4,.\ne,train,NA,NA\n"));
    struct sn_error err = { 0 };
    struct sn_buf b = { 0 };
    struct sn_keep k;

    sn_ck_ok(sn_keep_init(&k, &t, &err), &err);
    sn_ck_ok(sn_keep_equal(&k, 1, "train", &err), &err);
    sn_ck_ok(sn_keep_present(&k, 2, &err), &err);
    sn_ck_ok(sn_keep_present(&k, 3, &err), &err);
    sn_ck_ok(sn_keep_present(&k, 0, &err), &err);
    sn_ck_ok(sn_keep_finish(&k, &err), &err);
    ck_assert_uint_eq(k.n, 1);
    ck_assert_uint_eq(k.row[0], 0);
    sn_keep_describe(&k, &b);
    ck_assert_str_eq(b.data, "5 rows; left out: 1 whose 'set' is not 'train', 2 without 'risk', 1 without 'age'; 1 used");
    sn_buf_free(&b);
    sn_keep_free(&k);
    sn_table_free(&t);
}
END_TEST

START_TEST(options_map_names)
{
    struct sn_table_names n = SN_TABLE_NAMES_DEFAULT;

    ck_assert_str_eq(n.outcome, "outcome");
    ck_assert_int_eq(sn_table_option(&n, '3', "pN"), 1);
    ck_assert_int_eq(sn_table_option(&n, '4', "hospital"), 1);
    ck_assert_int_eq(sn_table_option(&n, 'o', "x"), 0);
    ck_assert_int_eq(sn_table_option(&n, '6', "ebcdic"), -1);
    ck_assert_int_eq(sn_table_option(&n, '7', "malignant"), 1);
    ck_assert_str_eq(n.outcome, "pN");
    ck_assert_str_eq(n.cluster, "hospital");
    ck_assert_str_eq(n.positive, "malignant");
}
END_TEST

static Suite *suite_table(void)
{
    Suite *s = suite_create("table");
    TCase *c = tcase_create("table");

    tcase_add_test(c, every_dress_of_one_table);
    tcase_add_test(c, chinese_headers);
    tcase_add_test(c, a_real_table);
    tcase_add_test(c, numbers_that_are_none);
    tcase_add_test(c, outcomes_that_are_none);
    tcase_add_test(c, outcomes_as_text);
    tcase_add_test(c, missing_columns_and_ragged_rows);
    tcase_add_test(c, levels_in_order);
    tcase_add_test(c, complete_cases_are_counted);
    tcase_add_test(c, options_map_names);
    suite_add_tcase(s, c);
    return s;
}

SN_CHECK_MAIN(suite_table)
