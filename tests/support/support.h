/*
 * support.h: what the test programs share. Each program is one file with one suite:
 *
 *     static Suite *suite_png(void) { ... }
 *     SN_CHECK_MAIN(suite_png)
 *
 * The main it defines runs the suite, prints Check's summary line and how many cases were skipped
 * because SENTINODE_DATA (the folder of real test material) is not set, and exits 1 on a failure.
 */
#ifndef SN_TEST_SUPPORT_H
#define SN_TEST_SUPPORT_H

#include <check.h>

#include "base/base.h"

int sn_check_run(Suite *suite);
#define SN_CHECK_MAIN(fn)                                                                         \
    int main(void)                                                                                \
    {                                                                                             \
        return sn_check_run(fn());                                                                \
    }

/*
 * Path of a file under $SENTINODE_DATA, in a static buffer (four in rotation). NULL, and one more
 * skip counted, when the variable is not set. A file missing below a set variable fails the test
 * that opens it: that is a broken data folder, not a reason to skip.
 */
const char *sn_test_data(const char *relative);
/* Path of committed test data: tests are run from the top of the tree. */
const char *sn_test_file(const char *relative);
/* A scratch folder of this process, removed by the parent when the program ends. */
const char *sn_test_tmpdir(void);

/* Fails with the error's message unless rc is SN_OK. */
#define sn_ck_ok(rc, err) ck_assert_msg((rc) == SN_OK, "unexpected failure %d: %s", (rc), (err)->msg)
/* Fails unless rc == code and the message holds `text`. */
#define sn_ck_fails(rc, code_, err, text)                                                         \
    ck_assert_msg((rc) == (code_) && strstr((err)->msg, (text)) != NULL,                          \
                  "expected code %d and '%s', found %d: %s", (code_), (text), (rc), (err)->msg)

/*
 * `bytes` of memory that end exactly at a page no one may touch (and start after one as nearly as
 * alignment 64 allows when at_end is false). Freed with sn_guard_free.
 */
struct sn_guard {
    void *data;
    void *map;
    size_t map_size;
};
void sn_guard_alloc(struct sn_guard *g, size_t bytes, bool at_end);
void sn_guard_free(struct sn_guard *g);

#endif
