/* fuzz_snw.c: any bytes as an .snw file; checksums are put right first, so that the parser is reached. */
#include <stdlib.h>

#include "weights/snw.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void touch(const struct sn_model *m)
{
    for (size_t i = 0; i < m->n_tensors; i++) {
        double v[4];

        sn_tensor_to_f64(&m->tensors[i], 0, SN_MIN(m->tensors[i].count, (size_t)4), v);
        if (sn_model_find(m, m->tensors[i].name) != &m->tensors[i])
            abort();
    }
    for (size_t i = 0; i < m->n_meta; i++)
        if (sn_model_meta(m, m->meta[i].key) != m->meta[i].value)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sn_model m;
    struct sn_error err;
    uint8_t *p = malloc(size ? size : 1);

    if (!p)
        return 0;
    memcpy(p, data, size);
    if (sn_model_parse(&m, p, size, SN_VERIFY_CRC, &err) == SN_OK)
        touch(&m);
    sn_model_close(&m);
    if (size >= SNW_HEADER + SNW_DIGEST) {
        uint64_t data_at = sn_le64(p + 48);

        sn_put_le64(p + 16, size);
        if (data_at >= SNW_HEADER && data_at <= size)
            sn_put_le32(p + 56, sn_crc32c(0, p + SNW_HEADER, (size_t)data_at - SNW_HEADER));
        sn_put_le32(p + 60, sn_crc32c(0, p, 60));
        if (sn_model_parse(&m, p, size, SN_VERIFY_NONE, &err) == SN_OK)
            touch(&m);
        sn_model_close(&m);
    }
    free(p);
    return 0;
}
