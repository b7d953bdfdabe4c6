/* alloc.c: malloc and its kin, replaced at link time (-Wl,--wrap). */
#include "tests/support/alloc.h"

#include <pthread.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t m);
void *__real_realloc(void *p, size_t n);
void *__real_aligned_alloc(size_t align, size_t n);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t m);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_aligned_alloc(size_t align, size_t n);
void __wrap_free(void *p);

#define SLOTS 65536 /* a power of two, several times the blocks alive at once */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool watching;
static unsigned long fail_at;
static struct sn_alloc now;
static void *slots[SLOTS]; /* open addressing; what was allocated while watching */

static size_t slot_of(const void *p) { return (size_t)(((uintptr_t)p >> 4) * 0x9E3779B97F4A7C15u >> 40) % SLOTS; }

static void remember(void *p)
{
    size_t i = slot_of(p);

    while (slots[i])
        i = (i + 1) % SLOTS;
    slots[i] = p;
    now.alive++;
}

/* Removes p and closes the gap it leaves; a block from before watching is not there. */
static void forget(const void *p)
{
    size_t i = slot_of(p), hole;

    while (slots[i] && slots[i] != p)
        i = (i + 1) % SLOTS;
    if (!slots[i])
        return;
    now.alive--;
    slots[i] = NULL;
    hole = i;
    for (i = (i + 1) % SLOTS; slots[i]; i = (i + 1) % SLOTS) {
        size_t home = slot_of(slots[i]);

        if ((i - home) % SLOTS >= (i - hole) % SLOTS) {
            slots[hole] = slots[i];
            slots[i] = NULL;
            hole = i;
        }
    }
}

/* Is this the one to fail? */
static bool refuse(size_t bytes)
{
    if (!watching)
        return false;
    now.asked += bytes;
    return ++now.seen == fail_at;
}

static void *taken(void *p)
{
    if (watching && p)
        remember(p);
    return p;
}

void *__wrap_malloc(size_t n)
{
    void *p;

    (void)pthread_mutex_lock(&lock);
    p = refuse(n) ? NULL : taken(__real_malloc(n));
    (void)pthread_mutex_unlock(&lock);
    return p;
}

void *__wrap_calloc(size_t n, size_t m)
{
    void *p;

    (void)pthread_mutex_lock(&lock);
    p = refuse(n * m) ? NULL : taken(__real_calloc(n, m));
    (void)pthread_mutex_unlock(&lock);
    return p;
}

void *__wrap_aligned_alloc(size_t align, size_t n)
{
    void *p;

    (void)pthread_mutex_lock(&lock);
    p = refuse(n) ? NULL : taken(__real_aligned_alloc(align, n));
    (void)pthread_mutex_unlock(&lock);
    return p;
}

void *__wrap_realloc(void *old, size_t n)
{
    void *p = NULL;

    (void)pthread_mutex_lock(&lock);
    if (!refuse(n)) {
        if (old)
            forget(old);
        p = __real_realloc(old, n);
        if (p)
            (void)taken(p);
        else if (old)
            (void)taken(old);
    }
    (void)pthread_mutex_unlock(&lock);
    return p;
}

void __wrap_free(void *p)
{
    (void)pthread_mutex_lock(&lock);
    if (p)
        forget(p);
    __real_free(p);
    (void)pthread_mutex_unlock(&lock);
}

void sn_alloc_watch(unsigned long n)
{
    (void)pthread_mutex_lock(&lock);
    memset(slots, 0, sizeof slots);
    now = (struct sn_alloc){ 0, 0, 0 };
    fail_at = n;
    watching = true;
    (void)pthread_mutex_unlock(&lock);
}

struct sn_alloc sn_alloc_now(void)
{
    struct sn_alloc a;

    (void)pthread_mutex_lock(&lock);
    a = now;
    (void)pthread_mutex_unlock(&lock);
    return a;
}

struct sn_alloc sn_alloc_stop(void)
{
    watching = false;
    return sn_alloc_now();
}
