/* masks.c: connected components, cleaning and agreement of binary masks. */
#include "fusion/fusion.h"

#include <limits.h>
#include <stdlib.h>

static int check_size(int w, int h, size_t *n, struct sn_error *err)
{
    if (w < 1 || h < 1)
        return SN_FAIL(err, SN_EINVAL, "mask: size %d x %d", w, h);
    SN_TRY(sn_size_mul(n, (size_t)w, (size_t)h, err));
    if (*n > INT_MAX)
        return SN_FAIL(err, SN_ELIMIT, "mask: %d x %d pixels", w, h);
    return SN_OK;
}

/* Neighbours in the order left, right, up, down, then the diagonals. */
static const int step_x[8] = { -1, 1, 0, 0, -1, 1, -1, 1 };
static const int step_y[8] = { 0, 0, -1, 1, -1, -1, 1, 1 };

/*
 * Gives `label` to every pixel of value `want` that is connected to `start` and has label 0.
 * queue[w * h]: a pixel enters once, when it is labelled. Returns the pixels labelled.
 */
static int flood(const uint8_t *mask, int w, int h, bool want, int connectivity, int start,
                 int label, int *labels, int *queue)
{
    int head = 0, tail = 0;

    labels[start] = label;
    queue[tail++] = start;
    while (head < tail) {
        int at = queue[head++], x = at % w, y = at / w;

        for (int k = 0; k < connectivity; k++) {
            int nx = x + step_x[k], ny = y + step_y[k], next = ny * w + nx;

            if (nx < 0 || ny < 0 || nx >= w || ny >= h || labels[next] || (mask[next] != 0) != want)
                continue;
            labels[next] = label;
            queue[tail++] = next;
        }
    }
    return tail;
}

int sn_mask_label(const uint8_t *mask, int w, int h, int connectivity, int *labels, int *n_labels,
                  struct sn_error *err)
{
    int *queue;
    size_t n;

    if (connectivity != 4 && connectivity != 8)
        return SN_FAIL(err, SN_EINVAL, "mask: connectivity %d, expected 4 or 8", connectivity);
    SN_TRY(check_size(w, h, &n, err));
    queue = malloc(n * sizeof *queue);
    if (!queue)
        return SN_NOMEM(err, "labelling a mask");
    memset(labels, 0, n * sizeof *labels);
    *n_labels = 0;
    for (int i = 0; i < (int)n; i++)
        if (mask[i] && !labels[i])
            flood(mask, w, h, true, connectivity, i, ++*n_labels, labels, queue);
    free(queue);
    return SN_OK;
}

/* Keeps what the options keep of the labelled lesion; fills rep's components and removed. */
static int select_components(uint8_t *mask, const int *labels, int n_labels, size_t n,
                             const struct sn_clean *opt, struct sn_clean_report *rep,
                             struct sn_error *err)
{
    size_t *area = calloc((size_t)n_labels + 1, sizeof *area);
    int largest = 0;

    if (!area)
        return SN_NOMEM(err, "the components of a mask");
    for (size_t i = 0; i < n; i++)
        area[labels[i]]++;
    area[0] = 0;
    for (int k = 1; k <= n_labels; k++) {
        if (area[k] < opt->min_area)
            area[k] = 0;
        rep->components += area[k] > 0;
        if (area[k] > area[largest]) /* strictly: of equals the first in raster order stays */
            largest = k;
    }
    for (size_t i = 0; i < n; i++) {
        bool keep = labels[i] && area[labels[i]] > 0 && (!opt->largest || labels[i] == largest);

        rep->removed += labels[i] && !keep;
        mask[i] = keep;
    }
    free(area);
    return SN_OK;
}

/* Background that no 4-connected path leads out of becomes lesion; returns the pixels changed. */
static size_t fill_holes(uint8_t *mask, int w, int h, int *labels, int *queue)
{
    size_t filled = 0, n = (size_t)w * (size_t)h;

    memset(labels, 0, n * sizeof *labels);
    for (int y = 0; y < h; y++)
        for (int x = 0; x < w; x += y == 0 || y == h - 1 || w == 1 ? 1 : w - 1)
            if (!mask[y * w + x] && !labels[y * w + x])
                flood(mask, w, h, false, 4, y * w + x, 1, labels, queue);
    for (size_t i = 0; i < n; i++) {
        filled += !mask[i] && !labels[i];
        mask[i] = mask[i] || !labels[i];
    }
    return filled;
}

int sn_mask_clean(uint8_t *mask, int w, int h, const struct sn_clean *opt,
                  struct sn_clean_report *rep, struct sn_error *err)
{
    struct sn_clean_report counts = { 0 };
    int *labels = NULL, *queue = NULL, n_labels, rc;
    size_t n;

    SN_TRY(check_size(w, h, &n, err));
    labels = malloc(n * sizeof *labels);
    queue = malloc(n * sizeof *queue);
    if (!labels || !queue) {
        rc = SN_NOMEM(err, "cleaning a mask");
        goto out;
    }
    SN_TRY_OUT(sn_mask_label(mask, w, h, 8, labels, &n_labels, err));
    SN_TRY_OUT(select_components(mask, labels, n_labels, n, opt, &counts, err));
    if (opt->fill_holes)
        counts.filled = fill_holes(mask, w, h, labels, queue);
    for (size_t i = 0; i < n; i++)
        counts.area += mask[i];
    if (rep)
        *rep = counts;
out:
    free(labels);
    free(queue);
    return rc;
}

double sn_mask_dice(const uint8_t *a, const uint8_t *b, size_t n)
{
    size_t both = 0, sum = 0;

    for (size_t i = 0; i < n; i++) {
        both += a[i] && b[i];
        sum += (size_t)(a[i] != 0) + (size_t)(b[i] != 0);
    }
    return sum ? 2.0 * (double)both / (double)sum : 1.0;
}
