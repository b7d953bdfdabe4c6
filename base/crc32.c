/*
 * crc32.c: the two CRC-32s in use, reflected, eight bytes a step ("slicing by eight", Kounavis &
 * Berry 2008). The tables are computed on first use; computing them twice gives the same tables,
 * so a race is harmless once `ready` is published with release order.
 */
#include "base/hash_parts.h"

#include <stdatomic.h>

struct table {
    atomic_int ready;
    uint32_t t[8][256];
};
static struct table crc32_table, crc32c_table;
static atomic_flag building = ATOMIC_FLAG_INIT;

static void build(struct table *tab, uint32_t poly)
{
    while (atomic_flag_test_and_set_explicit(&building, memory_order_acquire))
        ;
    if (!atomic_load_explicit(&tab->ready, memory_order_relaxed)) {
        for (uint32_t i = 0; i < 256; i++) {
            uint32_t c = i;

            for (int k = 0; k < 8; k++)
                c = c & 1 ? poly ^ c >> 1 : c >> 1;
            tab->t[0][i] = c;
        }
        for (int s = 1; s < 8; s++)
            for (int i = 0; i < 256; i++)
                tab->t[s][i] = tab->t[0][tab->t[s - 1][i] & 255] ^ tab->t[s - 1][i] >> 8;
        atomic_store_explicit(&tab->ready, 1, memory_order_release);
    }
    atomic_flag_clear_explicit(&building, memory_order_release);
}

static uint32_t run(struct table *tab, uint32_t poly, uint32_t crc, const void *data, size_t n)
{
    const uint8_t *p = data;

    if (!atomic_load_explicit(&tab->ready, memory_order_acquire))
        build(tab, poly);
    crc = ~crc;
    for (; n >= 8; p += 8, n -= 8) {
        uint32_t a = sn_le32(p) ^ crc, b = sn_le32(p + 4);

        crc = tab->t[7][a & 255] ^ tab->t[6][a >> 8 & 255] ^ tab->t[5][a >> 16 & 255] ^ tab->t[4][a >> 24] ^
              tab->t[3][b & 255] ^ tab->t[2][b >> 8 & 255] ^ tab->t[1][b >> 16 & 255] ^ tab->t[0][b >> 24];
    }
    for (; n; p++, n--)
        crc = tab->t[0][(crc ^ *p) & 255] ^ crc >> 8;
    return ~crc;
}

uint32_t sn_crc32(uint32_t crc, const void *data, size_t n)
{
    return run(&crc32_table, 0xedb88320u, crc, data, n); /* 0x04C11DB7 reflected */
}

uint32_t sn_crc32c(uint32_t crc, const void *data, size_t n)
{
#if defined(__x86_64__)
    if (sn_cpu_has_crc32c())
        return sn_crc32c_x86(crc, data, n);
#endif
    return run(&crc32c_table, 0x82f63b78u, crc, data, n); /* 0x1EDC6F41 reflected */
}
