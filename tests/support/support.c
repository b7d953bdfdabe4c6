#define _GNU_SOURCE
#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Check forks for each test, so skips are counted in memory shared with the children. */
static int *skips;
static char tmpdir[256];

static void skips_init(void)
{
    skips = mmap(NULL, sizeof *skips, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (skips == MAP_FAILED)
        abort();
}

int sn_check_run(Suite *suite)
{
    SRunner *sr = srunner_create(suite);
    int failed;

    skips_init();
    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    srunner_run_all(sr, CK_NORMAL);
    failed = srunner_ntests_failed(sr);
    if (*skips)
        printf("skipped: %d (SENTINODE_DATA is not set)\n", *skips);
    srunner_free(sr);
    if (*tmpdir) {
        pid_t pid = fork();

        if (pid == 0) {
            (void)execlp("rm", "rm", "-rf", tmpdir, (char *)NULL);
            _exit(127);
        }
        if (pid > 0)
            (void)waitpid(pid, NULL, 0);
    }
    return failed ? 1 : 0;
}

const char *sn_test_data(const char *relative)
{
    static char buf[4][1024];
    static unsigned turn;
    const char *dir = getenv("SENTINODE_DATA");
    char *b = buf[turn++ % 4];

    if (!dir || !*dir) {
        if (skips)
            (void)__atomic_add_fetch(skips, 1, __ATOMIC_RELAXED);
        return NULL;
    }
    (void)snprintf(b, sizeof buf[0], "%s/%s", dir, relative);
    return b;
}

const char *sn_test_file(const char *relative)
{
    return relative;
}

__attribute__((constructor)) static void tmpdir_init(void)
{
    const char *base = getenv("TMPDIR");

    /* read when a test case is made; Check's 4 s is too short under sanitizers on a busy machine */
    (void)setenv("CK_DEFAULT_TIMEOUT", "300", 0);
    (void)snprintf(tmpdir, sizeof tmpdir, "%s/sentinode-check-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(tmpdir))
        abort();
}

const char *sn_test_tmpdir(void)
{
    return tmpdir;
}

void sn_guard_alloc(struct sn_guard *g, size_t bytes, bool at_end)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE), body = (bytes + page - 1) / page * page;
    char *p;

    g->map_size = body + 2 * page;
    p = mmap(NULL, g->map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || mprotect(p, page, PROT_NONE) != 0 || mprotect(p + page + body, page, PROT_NONE) != 0)
        abort();
    g->map = p;
    g->data = at_end ? p + page + body - bytes : p + page;
}

void sn_guard_free(struct sn_guard *g)
{
    if (g->map)
        (void)munmap(g->map, g->map_size);
    *g = (struct sn_guard){ 0 };
}
