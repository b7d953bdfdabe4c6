/*
 * cpu.c: which instruction sets this process may use, how many cores it has, and the
 * floating-point environment of the contract. CPUID alone is not enough: the operating system must
 * save the wide registers too (XGETBV; Intel SDM vol. 1, 13.2 and 14.3).
 */
#define _GNU_SOURCE
#include "base/hash_parts.h"

#include <fenv.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>

static uint64_t xgetbv0(void)
{
    uint32_t lo, hi;

    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (uint64_t)hi << 32 | lo;
}

static bool x86_has(enum sn_isa isa)
{
    uint32_t a, b, c, d, b7, need;
    uint64_t saved;

    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_OSXSAVE) || !(c & bit_FMA) || !(c & bit_AVX))
        return false;
    if (!__get_cpuid_count(7, 0, &a, &b7, &c, &d))
        return false;
    saved = xgetbv0();
    if (isa == SN_ISA_AVX2)
        return (b7 & bit_AVX2) && (saved & 6) == 6; /* xmm, ymm */
    need = bit_AVX2 | bit_AVX512F | bit_AVX512DQ | bit_AVX512BW | bit_AVX512VL;
    return (b7 & need) == need && (saved & 0xe6) == 0xe6; /* and k, zmm low, zmm high */
}

static bool x86_has_dot16(enum sn_isa isa)
{
    uint32_t a, b, c, d;

    if (!x86_has(isa) || !__get_cpuid_count(7, 0, &a, &b, &c, &d))
        return false;
    if (isa == SN_ISA_AVX512)
        return c & bit_AVX512VNNI;
    return __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & 1u << 4); /* AVX-VNNI */
}

enum { ASKED = 1, HAS_SHA = 2, HAS_CRC32C = 4 };

static int hash_units(void)
{
    static atomic_int known;
    int k = atomic_load_explicit(&known, memory_order_relaxed);
    uint32_t a, b, c, d, b7;

    if (k)
        return k;
    k = ASKED;
    if (__get_cpuid(1, &a, &b, &c, &d)) {
        if (c & bit_SSE4_2)
            k |= HAS_CRC32C;
        if ((c & bit_SSE4_1) && (c & bit_SSSE3) && __get_cpuid_count(7, 0, &a, &b7, &c, &d) && (b7 & bit_SHA))
            k |= HAS_SHA;
    }
    atomic_store_explicit(&known, k, memory_order_relaxed);
    return k;
}

bool sn_cpu_has_sha(void)
{
    return hash_units() & HAS_SHA;
}

bool sn_cpu_has_crc32c(void)
{
    return hash_units() & HAS_CRC32C;
}

static bool cpu_brand(char *buf, size_t n)
{
    uint32_t r[13] = { 0 };
    const char *s = (const char *)r;

    for (unsigned i = 0; i < 3; i++)
        if (!__get_cpuid(0x80000002u + i, &r[4 * i], &r[4 * i + 1], &r[4 * i + 2], &r[4 * i + 3]))
            return false;
    while (*s == ' ')
        s++;
    (void)snprintf(buf, n, "%s", s);
    for (size_t k = strlen(buf); k && buf[k - 1] == ' '; k--)
        buf[k - 1] = '\0';
    return *buf != '\0';
}
#else
bool sn_cpu_has_sha(void)
{
    return false;
}

bool sn_cpu_has_crc32c(void)
{
    return false;
}

static bool cpu_brand(char *buf, size_t n)
{
    (void)buf;
    (void)n;
    return false;
}
#endif

static const char *const names[] = { "ref", "avx2", "avx512", "neon", "auto" };

const char *sn_isa_name(enum sn_isa isa)
{
    return names[isa];
}

bool sn_isa_parse(const char *name, enum sn_isa *isa)
{
    for (size_t i = 0; i < SN_COUNT(names); i++)
        if (strcmp(name, names[i]) == 0) {
            *isa = (enum sn_isa)i;
            return true;
        }
    return false;
}

bool sn_isa_usable(enum sn_isa isa)
{
    switch (isa) {
    case SN_ISA_REF:
    case SN_ISA_AUTO:
        return true;
    case SN_ISA_AVX2:
    case SN_ISA_AVX512:
#if defined(__x86_64__)
        return x86_has(isa);
#else
        return false;
#endif
    case SN_ISA_NEON:
#if defined(__aarch64__) && defined(SN_HAVE_NEON)
        return true; /* part of the AArch64 base */
#else
        return false;
#endif
    default:
        return false;
    }
}

bool sn_isa_has_dot16(enum sn_isa isa)
{
#if defined(__x86_64__)
    return (isa == SN_ISA_AVX2 || isa == SN_ISA_AVX512) && x86_has_dot16(isa);
#else
    (void)isa;
    return false;
#endif
}

enum sn_isa sn_isa_best(void)
{
    static const enum sn_isa order[] = { SN_ISA_AVX512, SN_ISA_AVX2, SN_ISA_NEON };

    for (size_t i = 0; i < SN_COUNT(order); i++)
        if (sn_isa_usable(order[i]))
            return order[i];
    return SN_ISA_REF;
}

const char *sn_cpu_name(char *buf, size_t n)
{
    if (!cpu_brand(buf, n))
        (void)snprintf(buf, n, "unknown");
    return buf;
}

/* cgroup v2 "max 100000" or "150000 100000": quota and period in microseconds. */
static int cgroup_cores(void)
{
    FILE *f = fopen("/sys/fs/cgroup/cpu.max", "r");
    long quota, period;
    int n = 0;

    if (!f)
        return 0;
    if (fscanf(f, "%ld %ld", &quota, &period) == 2 && quota > 0 && period > 0)
        n = (int)SN_MIN((quota + period - 1) / period, 4096L);
    (void)fclose(f);
    return n;
}

int sn_cpu_count(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    int quota = cgroup_cores();
#if defined(__linux__)
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) > 0)
        n = CPU_COUNT(&set);
#endif
    if (quota && quota < n)
        n = quota;
    return n < 1 ? 1 : (int)SN_MIN(n, 1024L);
}

_Static_assert(sizeof(fenv_t) <= sizeof(struct sn_fpenv), "sn_fpenv holds a fenv_t");

void sn_fp_enter(struct sn_fpenv *saved)
{
    fenv_t env;

    (void)fegetenv(&env);
    memcpy(saved->opaque, &env, sizeof env);
    (void)fesetenv(FE_DFL_ENV);
}

void sn_fp_leave(const struct sn_fpenv *saved)
{
    fenv_t env;

    memcpy(&env, saved->opaque, sizeof env);
    (void)fesetenv(&env);
}
