/*
 * check_alloc.c: predict under memory that runs out: the n-th allocation fails, for every n. Each
 * time the program must end with exit code 5 and a message, give back every byte, and leave no
 * partial output.
 *
 * Two processes share the sweep. Under AddressSanitizer and ThreadSanitizer, where a run takes
 * several times as long, every seventh n is taken; SN_ALLOC_STEP in the environment says otherwise.
 */
#include "tests/support/alloc.h"
#include "tests/unit/predict_run.h"

#include <dirent.h>
#include <sys/wait.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLOW_BUILD 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SLOW_BUILD 1
#endif
#endif
#ifdef SLOW_BUILD
#define STEP 7
#else
#define STEP 1
#endif
#define WORKERS 2

static int worker; /* of this process; each has output folders of its own */
static struct sn_alloc last; /* of the last run */

/* ---- the sweep ------------------------------------------------------------------------------- */

/* Entries of a folder other than . and .., none when it is missing; *first is the first one's name. */
static int entries(const char *path, char first[256])
{
    DIR *d = opendir(path);
    const struct dirent *e;
    int n = 0;

    while (d && (e = readdir(d)) != NULL)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && n++ == 0)
            (void)snprintf(first, 256, "%s", e->d_name);
    if (d)
        (void)closedir(d);
    return n;
}

/* A run with the n-th allocation failing (0: none); the output goes to a folder of its own. */
static int watched_run(unsigned long n, const char *threads, char out[512])
{
    char pack[512], image[512], table[512];
    char *argv[16] = { (char *)"sentinode",
                       (char *)"predict",
                       (char *)"--pack",
                       pack,
                       image,
                       (char *)"--clinical",
                       table,
                       (char *)"-o",
                       out,
                       (char *)"--threads",
                       (char *)threads,
                       (char *)"--json" };
    int code, saved[2], fd[2];

    (void)snprintf(pack, sizeof pack, "%s/tiny", sn_test_tmpdir());
    (void)snprintf(image, sizeof image, "%s/phantoms/phantom_00001.png", sn_test_tmpdir());
    (void)snprintf(table, sizeof table, "%s/phantoms/manifest.csv", sn_test_tmpdir());
    (void)snprintf(out, 512, "%s/out%d", sn_test_tmpdir(), worker);
    (void)fflush(NULL);
    for (int i = 0; i < 2; i++) {
        saved[i] = dup(i + 1);
        fd[i] = open(at("caught%d.%d", worker, i), O_RDWR | O_CREAT | O_TRUNC, 0600);
        (void)dup2(fd[i], i + 1);
    }
    sn_alloc_watch(n);
    code = sn_main(12, argv);
    last = sn_alloc_stop();
    (void)fflush(NULL);
    for (int i = 0; i < 2; i++) {
        (void)dup2(saved[i], i + 1);
        (void)close(saved[i]);
        (void)close(fd[i]);
    }
    return code;
}

/* Everything predict may have left, and the folder itself. */
static void remove_output(const char *out)
{
    static const char *const files[] = { "result.json", "report.html",       "mask.png",           "overlay.png",
                                         "cam.png",     "cam_resnet101.png", "cam_densenet121.png" };

    for (size_t i = 0; i < SN_COUNT(files); i++)
        (void)unlink(at("out%d/phantom_00001/%s", worker, files[i]));
    (void)rmdir(at("out%d/phantom_00001", worker));
    (void)unlink(at("out%d/predictions.csv", worker));
    (void)rmdir(out);
}

/* What one failed allocation may leave behind: nothing, or the whole case. */
static void check_after(unsigned long n, int code, const char *out)
{
    char first[256] = "";
    int left = entries(out, first), files = entries(at("out%d/phantom_00001", worker), first);

    if (code <= 1) { /* the allocation was one we can do without */
        ck_assert_msg(files == 7, "allocation %lu: exit %d, but %d files", n, code, files);
    } else {
        char *text = slurp(at("caught%d.1", worker), NULL);

        ck_assert_msg(code == 5, "allocation %lu: exit %d: %s", n, code, text);
        ck_assert_msg(strstr(text, "out of memory") != NULL, "allocation %lu: no message but '%s'", n, text);
        ck_assert_msg(files == 0 || files == 7, "allocation %lu: %d files of a case", n, files);
    }
    ck_assert_msg(left == (files ? 1 : 0) + exists(at("out%d/predictions.csv", worker)),
                  "allocation %lu: '%s' among %d entries", n, first, left);
    ck_assert_msg(last.alive == 0, "allocation %lu: %zu blocks were not freed", n, last.alive);
    remove_output(out);
    ck_assert_msg(!exists(out), "allocation %lu: something else is in the output", n);
}

static void make_tiny(void)
{
    ck_run(0, "pack --random -o %s --width 2 --size 32 --seed 3", at("tiny"));
    ck_run(0, "phantom -o %s --count 1 --seed 11 --size 64x64", at("phantoms"));
}

static long from_env(const char *name, long otherwise)
{
    const char *text = getenv(name);

    return text && *text ? strtol(text, NULL, 10) : otherwise;
}

static void sweep(const char *threads, unsigned long step)
{
    char out[512];
    unsigned long total, tried = 0, noticed = 0;

    check_after(0, watched_run(0, threads, out), out);
    total = last.seen;
    ck_assert_uint_gt(total, 100);
    for (unsigned long n = 1 + (unsigned long)worker * step; n <= total + step; n += step * WORKERS) {
        int code = watched_run(n, threads, out);

        tried++;
        noticed += code == 5;
        check_after(n, code, out);
        if (n > total) /* beyond the last one nothing fails */
            ck_assert_int_le(code, 1);
    }
    printf(
        "note: %s thread%s, worker %d: %lu allocations per run; %lu made to fail in turn, %lu ended the run cleanly\n",
        threads, strcmp(threads, "1") == 0 ? "" : "s", worker + 1, total, tried, noticed);
}

/* Shares the sweep out; a failed assertion in a worker ends it with a status that is not 0. */
static void shared_sweep(const char *threads, unsigned long step)
{
    pid_t pid[WORKERS];

    step *= (unsigned long)from_env("SN_ALLOC_STEP", STEP);
    (void)fflush(NULL);
    for (int k = 0; k < WORKERS; k++) {
        pid[k] = fork();
        ck_assert_int_ge(pid[k], 0);
        if (pid[k] == 0) {
            worker = k;
            sweep(threads, step);
            exit(EXIT_SUCCESS);
        }
    }
    for (int k = 0; k < WORKERS; k++) {
        int status = -1;

        ck_assert_int_eq(waitpid(pid[k], &status, 0), pid[k]);
        ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "worker %d ended with status %d", k + 1, status);
    }
}

START_TEST(every_allocation) { shared_sweep("1", 1); }
END_TEST

/* The pool's own memory, and failures beside running threads. */
START_TEST(with_threads) { shared_sweep("2", 37); }
END_TEST

static Suite *suite_alloc(void)
{
    Suite *s = suite_create("alloc");
    TCase *tc = tcase_create("predict");

    tcase_add_unchecked_fixture(tc, make_tiny, NULL);
    tcase_set_timeout(tc, 1800);
    tcase_add_test(tc, every_allocation);
    tcase_add_test(tc, with_threads);
    suite_add_tcase(s, tc);
    return s;
}

SN_CHECK_MAIN(suite_alloc)
