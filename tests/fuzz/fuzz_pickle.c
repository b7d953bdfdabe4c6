/*
 * fuzz_pickle.c: any bytes as a checkpoint and, since a random zip has no right CRC, also as the
 * pickle inside a legacy container whose frame we write.
 */
#include <stdlib.h>

#include "weights/import/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_seen(void *ctx, const struct sn_import_tensor *t)
{
    uint32_t *sum = ctx;

    *sum += sn_crc32(0, t->data, t->bytes); /* reads every value */
}

static void import_all(const uint8_t *data, size_t size)
{
    uint32_t sum = 0;

    for (int i = 0; i < 2; i++) {
        struct sn_import_options opt = { .whole_module = i, .seen = on_seen, .seen_ctx = &sum };
        struct sn_model m;
        struct sn_error err;

        (void)sn_import_bytes(data, size, &opt, &m, NULL, &err);
        sn_model_close(&m);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t head[] = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
                                  "\x80\x02M\xe9\x03."
                                  "\x80\x02}U\x0dlittle_endian\x88s.";
    size_t n = sizeof head - 1;
    uint8_t *p = malloc(n + size);

    if (!p)
        return 0;
    memcpy(p, head, n);
    memcpy(p + n, data, size);
    import_all(p, n + size);
    free(p);
    p = malloc(size ? size : 1);
    if (!p)
        return 0;
    memcpy(p, data, size);
    import_all(p, size);
    free(p);
    return 0;
}
