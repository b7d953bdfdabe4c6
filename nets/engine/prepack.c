/* prepack.c: a network's folded weights as a model of their own (weights/FORMAT.md, "Prepacked files"). */
#include "nets/engine/graph.h"

/* The values as they are stored in a file: the lowest byte first. */
static const void *little_endian(struct sn_model *out, const void *data, size_t bytes, struct sn_error *err)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    (void)out;
    (void)bytes;
    (void)err;
    return data;
#else
    uint8_t *copy = sn_arena_get(&out->arena, bytes, err);

    for (size_t i = 0; copy && i < bytes; i += 4) {
        uint32_t u;

        memcpy(&u, (const char *)data + i, 4);
        sn_put_le32(copy + i, u);
    }
    return copy;
#endif
}

static int add_packed(const struct sn_step *s, int index, struct sn_model *out, struct sn_error *err)
{
    uint64_t count = s->weight_bytes / sizeof(float);
    const void *data = little_endian(out, s->weights, s->weight_bytes, err);
    struct sn_buf name = { 0 };
    int rc;

    sn_buf_printf(&name, SN_PACKED "%d.%s", index, s->node->name);
    rc = name.failed || !data ? SN_NOMEM(err, "a prepacked layer") : sn_model_add(out, name.data, SN_F32, 1, &count, data, false, err);
    sn_buf_free(&name);
    return rc;
}

static int fill_prepacked(const struct sn_net *net, const struct sn_model *from, struct sn_model *out, struct sn_error *err)
{
    const struct sn_node *head = net->graph.head >= 0 ? &net->graph.nodes[net->graph.head] : NULL;
    char hex[SN_SHA256_HEX];
    int index = 0;

    for (size_t i = 0; i < from->n_meta; i++)
        SN_TRY(sn_model_set_meta(out, from->meta[i].key, from->meta[i].value, err));
    sn_hex(from->sha256, sizeof from->sha256, hex);
    SN_TRY(sn_model_set_meta(out, "prepacked", SN_PREPACKED, err));
    SN_TRY(sn_model_set_meta(out, "prepacked_from", hex, err));
    for (size_t i = 0; i < from->n_tensors; i++) {
        const struct sn_tensor *t = &from->tensors[i];
        bool kept = head && (t == head->weight || t == head->bias);

        SN_TRY(sn_model_add(out, t->name, kept ? t->dtype : SN_SHAPE, t->rank, t->shape, kept ? t->data : NULL, false, err));
    }
    for (int i = 0; i < net->n_steps; i++) {
        if (!sn_step_has_weights(&net->steps[i]))
            continue;
        SN_TRY(add_packed(&net->steps[i], index++, out, err));
    }
    return SN_OK;
}

int sn_net_prepack(const struct sn_net *net, const struct sn_model *from, struct sn_model *out, struct sn_error *err)
{
    int rc;

    sn_model_init(out);
    if (sn_net_is_prepacked(net))
        return SN_FAIL(err, SN_EMODEL, "the file is prepacked already, from the plain file %.64s", sn_model_meta(from, "prepacked_from"));
    if (net->opt.precision != SN_FP32 || net->opt.memory != SN_MEMORY_LEAN || net->opt.no_fuse)
        return SN_FAIL(err, SN_EINVAL, "prepacking needs a fused float32 network without kept transforms");
    rc = fill_prepacked(net, from, out, err);
    if (rc)
        sn_model_close(out);
    return rc;
}
