/*
 * pool.c: a fixed set of threads that share out pure units. Each starts with its own part of them, the same from step to
 * step of a network, so that what it reads is what it wrote, still in its own cache; one that is done takes units from the
 * ends of the others' parts. Whoever runs a unit, the result is the same. (With OpenMP: its dynamic schedule, without parts.)
 * Workers spin briefly before they sleep: a network has some hundred short parallel steps.
 */
#include "base/base.h"

#include <stdatomic.h>
#include <stdlib.h>

#if defined(SN_OPENMP)
#include <omp.h>

struct sn_pool {
    int threads;
};

int sn_pool_create(struct sn_pool **pool, int threads, struct sn_error *err)
{
    *pool = NULL;
    if (threads < 1 || threads > 1024)
        return SN_FAIL(err, SN_EINVAL, "threads must be 1 to 1024, found %d", threads);
    *pool = malloc(sizeof **pool);
    if (!*pool)
        return SN_NOMEM(err, "the thread pool");
    (*pool)->threads = threads;
    return SN_OK;
}

void sn_pool_run(struct sn_pool *pool, sn_unit_fn *fn, void *ctx, size_t units)
{
    int n = pool ? pool->threads : 1;

#pragma omp parallel for schedule(dynamic, 1) num_threads(n) if (n > 1 && units > 1)
    for (size_t u = 0; u < units; u++) {
        struct sn_fpenv env;

        sn_fp_enter(&env);
        fn(ctx, u, n > 1 && units > 1 ? omp_get_thread_num() : 0);
        sn_fp_leave(&env);
    }
}

int sn_pool_threads(const struct sn_pool *pool)
{
    return pool ? pool->threads : 1;
}

void sn_pool_free(struct sn_pool *pool)
{
    free(pool);
}

#else
#include <pthread.h>

/* About 20 microseconds of waiting at 3 GHz before a worker goes to sleep. */
#define SPINS 2000

struct worker {
    pthread_t thread;
    struct sn_pool *pool;
    int index; /* 1 .. threads - 1; the caller is 0 */
};

struct sn_pool {
    int threads, started;
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    atomic_uint generation; /* one more for every run */
    atomic_int busy;        /* workers that have not finished this run */
    bool quit;
    sn_unit_fn *fn;
    void *ctx;
    struct range *ranges;   /* one for each thread */
    struct worker workers[];
};

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Units from <= u < to, in the halves of one word. Each on a cache line of its own. */
struct range {
    _Alignas(64) atomic_uint_least64_t left;
};
static uint64_t range_of(size_t from, size_t to) { return (uint64_t)to << 32 | (uint64_t)from; }

/* A thread's own next unit, from the front; another's, from the back. False: none is left. */
static bool take(struct range *r, bool own, size_t *unit)
{
    uint64_t left = atomic_load_explicit(&r->left, memory_order_relaxed);

    for (;;) {
        size_t from = left & UINT32_MAX, to = (size_t)(left >> 32);

        if (from == to)
            return false;
        *unit = own ? from : to - 1;
        if (atomic_compare_exchange_weak_explicit(&r->left, &left, own ? range_of(from + 1, to) : range_of(from, to - 1),
                                                  memory_order_relaxed, memory_order_relaxed))
            return true;
    }
}

static void drain(struct sn_pool *p, int thread)
{
    struct sn_fpenv env;
    size_t unit;

    sn_fp_enter(&env);
    for (int i = 0; i < p->threads; i++)
        while (take(&p->ranges[(thread + i) % p->threads], i == 0, &unit))
            p->fn(p->ctx, unit, thread);
    sn_fp_leave(&env);
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct sn_pool *p = w->pool;
    unsigned seen = 0, now;

    for (;;) {
        int spins = 0;

        while ((now = atomic_load_explicit(&p->generation, memory_order_acquire)) == seen && spins++ < SPINS)
            relax();
        if (now == seen) {
            (void)pthread_mutex_lock(&p->lock);
            while ((now = atomic_load_explicit(&p->generation, memory_order_acquire)) == seen)
                (void)pthread_cond_wait(&p->wake, &p->lock);
            (void)pthread_mutex_unlock(&p->lock);
        }
        seen = now;
        if (p->quit)
            return NULL;
        drain(p, w->index);
        if (atomic_fetch_sub_explicit(&p->busy, 1, memory_order_acq_rel) == 1) {
            (void)pthread_mutex_lock(&p->lock);
            (void)pthread_cond_signal(&p->done);
            (void)pthread_mutex_unlock(&p->lock);
        }
    }
}

int sn_pool_create(struct sn_pool **pool, int threads, struct sn_error *err)
{
    struct sn_pool *p;

    *pool = NULL;
    if (threads < 1 || threads > 1024)
        return SN_FAIL(err, SN_EINVAL, "threads must be 1 to 1024, found %d", threads);
    p = calloc(1, sizeof *p + (size_t)threads * sizeof p->workers[0]);
    if (!p)
        return SN_NOMEM(err, "the thread pool");
    p->ranges = sn_alloc_aligned((size_t)threads * sizeof *p->ranges);
    if (!p->ranges) {
        free(p);
        return SN_NOMEM(err, "the thread pool");
    }
    p->threads = threads;
    (void)pthread_mutex_init(&p->lock, NULL);
    (void)pthread_cond_init(&p->wake, NULL);
    (void)pthread_cond_init(&p->done, NULL);
    for (int i = 1; i < threads; i++) {
        struct worker *w = &p->workers[i];

        w->pool = p;
        w->index = i;
        if (pthread_create(&w->thread, NULL, work, w) != 0) {
            sn_pool_free(p);
            return SN_FAIL(err, SN_EMACHINE, "cannot start thread %d of %d", i + 1, threads);
        }
        p->started++;
    }
    *pool = p;
    return SN_OK;
}

static void publish(struct sn_pool *p)
{
    atomic_store_explicit(&p->busy, p->started, memory_order_relaxed);
    (void)pthread_mutex_lock(&p->lock);
    (void)atomic_fetch_add_explicit(&p->generation, 1, memory_order_release);
    (void)pthread_cond_broadcast(&p->wake);
    (void)pthread_mutex_unlock(&p->lock);
}

void sn_pool_run(struct sn_pool *pool, sn_unit_fn *fn, void *ctx, size_t units)
{
    if (!pool || pool->threads == 1 || units <= 1 || units > UINT32_MAX) { /* beyond what a range holds: nothing here is near */
        struct sn_fpenv env;

        sn_fp_enter(&env);
        for (size_t u = 0; u < units; u++)
            fn(ctx, u, 0);
        sn_fp_leave(&env);
        return;
    }
    pool->fn = fn;
    pool->ctx = ctx;
    for (size_t i = 0, n = (size_t)pool->threads; i < n; i++)
        atomic_store_explicit(&pool->ranges[i].left, range_of(units * i / n, units * (i + 1) / n), memory_order_relaxed);
    publish(pool);
    drain(pool, 0);
    for (int spins = 0; atomic_load_explicit(&pool->busy, memory_order_acquire) && spins < SPINS; spins++)
        relax();
    if (atomic_load_explicit(&pool->busy, memory_order_acquire)) {
        (void)pthread_mutex_lock(&pool->lock);
        while (atomic_load_explicit(&pool->busy, memory_order_acquire))
            (void)pthread_cond_wait(&pool->done, &pool->lock);
        (void)pthread_mutex_unlock(&pool->lock);
    }
}

int sn_pool_threads(const struct sn_pool *pool)
{
    return pool ? pool->threads : 1;
}

void sn_pool_free(struct sn_pool *pool)
{
    if (!pool)
        return;
    pool->quit = true;
    publish(pool);
    for (int i = 1; i <= pool->started; i++)
        (void)pthread_join(pool->workers[i].thread, NULL);
    (void)pthread_cond_destroy(&pool->done);
    (void)pthread_cond_destroy(&pool->wake);
    (void)pthread_mutex_destroy(&pool->lock);
    sn_free_aligned(pool->ranges);
    free(pool);
}
#endif
