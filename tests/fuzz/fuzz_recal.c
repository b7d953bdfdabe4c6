/* fuzz_recal.c: a recalibration file, read, applied, written and read again: the same map. */
#include "stats/stats.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const double p[] = { 1e-9, 0.01, 0.3, 0.5, 0.99, 1.0 - 1e-9 };
    double q[SN_COUNT(p)], again[SN_COUNT(p)];
    struct sn_recal m, back;
    struct sn_error err;
    struct sn_json w;

    if (sn_recal_parse(data, size, &m, &err) != SN_OK)
        return 0;
    if (sn_recal_apply(&m, p, SN_COUNT(p), q, NULL, &err) != SN_OK)
        abort();
    for (size_t i = 0; i < SN_COUNT(p); i++)
        if (!(q[i] >= 0.0 && q[i] <= 1.0) || (i && q[i] < q[i - 1]))
            abort(); /* whatever the file says, risks stay risks and ranks stay */
    sn_json_init(&w, 0);
    sn_recal_json(&m, &w);
    if (!w.buf.failed) {
        if (sn_recal_parse(w.buf.data, w.buf.len, &back, &err) != SN_OK || sn_recal_apply(&back, p, SN_COUNT(p), again, NULL, &err) != SN_OK ||
            memcmp(q, again, sizeof q) != 0)
            abort();
        sn_recal_free(&back);
    }
    sn_json_free(&w);
    sn_recal_free(&m);
    return 0;
}
