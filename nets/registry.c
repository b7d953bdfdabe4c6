/*
 * registry.c: which builder a model needs. The family comes from the caller, the file's metadata
 * or the tensor names, in that order, and never from shapes: the same shapes under two families
 * give different masks (DOMAIN.md F.2).
 */
#include "nets/engine/graph.h"

#include <stdio.h>

static const struct sn_builder *const builders[] = { &sn_builder_deeplabv3, &sn_builder_resnet, &sn_builder_densenet,
                                                     &sn_builder_unet, &sn_builder_unetpp };
const char *const sn_net_families[] = { "torchvision", "milesial", "nested-unet", "smp", "monai", "timm", NULL };

/* Input sizes at which every builder accepts its own networks: used to compare tensors with topology. */
#define NOMINAL 64

static bool accepts(const struct sn_builder *b, const char *family)
{
    for (size_t i = 0; i < SN_COUNT(b->families) && b->families[i]; i++)
        if (strcmp(b->families[i], family) == 0)
            return true;
    return false;
}

static int check_family(const char *family, struct sn_error *err)
{
    for (size_t i = 0; sn_net_families[i]; i++)
        if (strcmp(family, sn_net_families[i]) == 0)
            return SN_OK;
    return SN_FAIL(err, SN_EMODEL, "unknown family '%s': expected torchvision, milesial, nested-unet, smp, monai or timm", family);
}

/* How many of a builder's keys the model has; *missing: the first it has not. */
static int matches(const struct sn_builder *b, const struct sn_model *m, const char **missing)
{
    int n = 0;

    *missing = NULL;
    for (size_t i = 0; i < SN_COUNT(b->keys) && b->keys[i]; i++) {
        if (sn_model_find(m, b->keys[i]))
            n++;
        else if (!*missing)
            *missing = b->keys[i];
    }
    return n;
}

static int no_match(const struct sn_model *m, const char *family, struct sn_error *err)
{
    const char *first = m->n_tensors ? m->tensors[0].name : "(no tensors)", *like = NULL, *missing, *lacks = NULL;
    char hint[160] = "";
    int most = 0;

    for (size_t i = 0; i < SN_COUNT(builders); i++) {
        int n = matches(builders[i], m, &missing);

        if (n > most && missing && (!family || accepts(builders[i], family))) {
            most = n;
            like = builders[i]->families[0];
            lacks = missing;
        }
    }
    if (like)
        (void)snprintf(hint, sizeof hint, " (some are as in %s, but '%s' is missing)", like, lacks);
    if (family)
        return SN_FAIL(err, SN_EMODEL, "no network of family '%s' has tensors named like these: the first that does not fit is '%s'%s",
                       family, first, hint);
    return SN_FAIL(err, SN_EMODEL, "the tensors belong to no supported family: the first that does not fit is '%s'%s", first, hint);
}

int sn_net_find_builder(const struct sn_model *m, const char *family, const struct sn_builder **b, struct sn_net_info *info,
                        struct sn_error *err)
{
    const struct sn_tensor *stem;
    const char *missing;

    *b = NULL;
    *info = (struct sn_net_info){ 0 };
    if (!family)
        family = sn_model_meta(m, "family");
    if (family)
        SN_TRY(check_family(family, err));
    for (size_t i = 0; i < SN_COUNT(builders) && !*b; i++)
        if ((!family || accepts(builders[i], family)) && matches(builders[i], m, &missing) && !missing)
            *b = builders[i];
    if (!*b)
        return no_match(m, family, err);
    for (size_t i = 0; sn_net_families[i]; i++) /* the static string */
        if (strcmp(family ? family : (*b)->families[0], sn_net_families[i]) == 0)
            info->family = sn_net_families[i];
    stem = sn_model_find(m, (*b)->keys[0]);
    if (stem->rank != 4 || stem->shape[1] < 1 || stem->shape[1] > 1024)
        return SN_FAIL(err, SN_EMODEL, "tensor '%s' has a shape that fits no input", stem->name);
    info->in_channels = (int)stem->shape[1];
    return SN_OK;
}

/* A tensor that no layer asked for means that this is another network than we think. */
static int check_unused(const struct sn_graph *g, const struct sn_builder *b, struct sn_error *err)
{
    bool packed = sn_model_meta(g->model, "prepacked") != NULL;

    for (size_t i = 0; i < g->model->n_tensors; i++) {
        const char *name = g->model->tensors[i].name;
        bool ignored = g->used[i] || (packed && strncmp(name, SN_PACKED, strlen(SN_PACKED)) == 0) ||
                       (strlen(name) > 19 && strcmp(name + strlen(name) - 19, "num_batches_tracked") == 0);

        for (size_t k = 0; k < SN_COUNT(b->ignore) && b->ignore[k]; k++)
            ignored |= strncmp(name, b->ignore[k], strlen(b->ignore[k])) == 0;
        if (!ignored)
            return SN_FAIL(err, SN_EMODEL, "tensor '%s' belongs to no layer of %s", name, b->families[0]);
    }
    return SN_OK;
}

int sn_net_identify(const struct sn_model *m, const char *family, struct sn_net_info *info, struct sn_error *err)
{
    const struct sn_builder *b;
    struct sn_graph g = { 0 };
    int rc;

    SN_TRY(sn_net_find_builder(m, family, &b, info, err));
    SN_TRY_OUT(sn_graph_init(&g, m, info->in_channels, NOMINAL, NOMINAL, err));
    SN_TRY_OUT(sn_graph_finish(&g, b->build(&g, info), err));
    SN_TRY_OUT(check_unused(&g, b, err));
out:
    sn_graph_free(&g);
    return rc;
}
