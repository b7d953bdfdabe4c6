/* fuzz_conf.c: pack.conf's text, read as packs are. */
#include "tools/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sn_conf c;
    struct sn_error err;
    double list[4];

    if (sn_conf_parse(&c, "pack.conf", data, size, &err) != SN_OK)
        return 0;
    (void)sn_conf_has(&c, "name");
    (void)sn_conf_string(&c, "name", "pack");
    (void)sn_conf_string(&c, sn_conf_key(&c, "segmenter.%d.sha256", 1), NULL);
    (void)sn_conf_number(&c, "fusion.cut", "0.5", 0, 1);
    (void)sn_conf_integer(&c, "clean.min_area", "0", 0, 1000000);
    (void)sn_conf_bool(&c, "clean.largest", "yes");
    (void)sn_conf_list(&c, "fusion.weights", "1,1,1", list, 4);
    (void)sn_conf_finish(&c);
    sn_conf_free(&c);
    return 0;
}
