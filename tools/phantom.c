/*
 * phantom.c: renders what phantom_law.c drew.
 *
 * An echo level in dB is laid down for every pixel (layers, their texture, the lesion, what the
 * beam lost or gained on its way); complex Gaussian noise of that amplitude is filtered by a small
 * separable point-spread function, so the envelope is Rayleigh speckle (Wagner et al. 1983) blurred
 * over boundaries as a scanner would; the envelope is log-compressed to 60 dB and 8 bits.
 */
#include "tools/phantom.h"

#include <math.h>
#include <stdlib.h>

#define DYNAMIC_RANGE_DB 60.0
#define NOISE_FLOOR      1e-6 /* power, -60 dB */
#define DB_TO_NEPER      0.11512925464970229 /* ln(10) / 20 */
#define NEPER_TO_DB      4.3429448190325183  /* 10 / ln(10), for powers */

/* ---- smooth random fields ------------------------------------------------------------------ */

#define LATTICE 64 /* cells per side; the field repeats beyond */

struct field {
    float v[LATTICE * LATTICE]; /* uniform in [0, 1) */
};

enum { FIELD_COARSE, FIELD_FINE, FIELD_SEPTA, FIELD_MUSCLE, FIELD_LESION, FIELDS };

/* The lattice interpolated with smooth steps; x, y in cells, at least -LATTICE. */
static double field_at(const struct field *f, double x, double y)
{
    /* shifted to be positive, so that a conversion is a floor, without a call */
    unsigned ix = (unsigned)(int)(x + LATTICE), iy = (unsigned)(int)(y + LATTICE);
    double u = x + LATTICE - ix, v = y + LATTICE - iy, top, bottom;
    unsigned x0 = ix % LATTICE, x1 = (x0 + 1) % LATTICE;
    unsigned y0 = iy % LATTICE, y1 = (y0 + 1) % LATTICE;

    u = u * u * (3.0 - 2.0 * u);
    v = v * v * (3.0 - 2.0 * v);
    top = (1.0 - u) * (double)f->v[y0 * LATTICE + x0] + u * (double)f->v[y0 * LATTICE + x1];
    bottom = (1.0 - u) * (double)f->v[y1 * LATTICE + x0] + u * (double)f->v[y1 * LATTICE + x1];
    return (1.0 - v) * top + v * bottom;
}

/* 1 on the field's middle level line, 0 away from it: thin curved strands. */
static double strand(double value, double width)
{
    double d = 1.0 - fabs(value - 0.5) / width;

    return d > 0.0 ? d * d : 0.0;
}

/* 0 below a, 1 above b, smooth between. */
static double ramp(double v, double a, double b)
{
    double t = (v - a) / (b - a);

    t = t < 0.0 ? 0.0 : t > 1.0 ? 1.0 : t;
    return t * t * (3.0 - 2.0 * t);
}

static double cos_turns(double t)
{
    return sn_cos2pi(t - floor(t));
}

/* ---- the scene ------------------------------------------------------------------------------ */

struct scene {
    const struct sn_phantom_law *law;
    uint32_t w, h;
    double mm;                    /* per pixel, both ways */
    struct field *field;          /* [FIELDS] */
    float *skin, *fat, *gland, *muscle; /* [w] wavy lower boundaries, mm */
    float *through;               /* [w] dB gained so far on the way down each column */
    float *level;                 /* [h][w] amplitude */
    float *re, *im, *tmp;         /* [h][w] */
    uint8_t *mask;                /* [h][w] 0/255 */
    double cos_tilt, sin_tilt;
    double wave_x[8], wave_y[8];  /* each harmonic's height times cos and sin of its phase */
    double spike_x[16], spike_y[16];
};

/* A slow wave around a mean depth: four cosines with falling heights. */
static void boundary(struct sn_rng *r, float *out, uint32_t w, double mm, double depth,
                     double height)
{
    double phase[4], cycles[4];

    for (int k = 0; k < 4; k++) {
        phase[k] = sn_rng_uniform(r);
        cycles[k] = (0.35 + 0.65 * k + 0.3 * sn_rng_uniform(r)) / 25.0; /* per mm */
    }
    for (uint32_t x = 0; x < w; x++) {
        double y = depth;

        for (int k = 0; k < 4; k++)
            y += height / (1 + k) * cos_turns(phase[k] + cycles[k] * mm * x);
        out[x] = (float)y;
    }
}

static double skin_level(double depth, double skin)
{
    /* bright entry and exit echoes with a darker dermis between */
    return -27.0 + 15.0 * (1.0 - ramp(depth, 0.25, 0.5)) +
           9.0 * ramp(depth, skin - 0.35, skin - 0.1);
}

static double fat_level(const struct scene *s, double x, double y)
{
    double bend = 3.0 * field_at(&s->field[FIELD_COARSE], x / 12.0, 3.5);
    double septa = strand(field_at(&s->field[FIELD_SEPTA], x / 9.0, (y + bend) / 2.2), 0.07);
    double bright = field_at(&s->field[FIELD_FINE], x / 4.0, y / 2.0);

    return -38.0 + 6.0 * (field_at(&s->field[FIELD_COARSE], x / 3.0, y / 1.5) - 0.5) +
           24.0 * septa * bright;
}

static double gland_level(const struct scene *s, double x, double y)
{
    double coarse = field_at(&s->field[FIELD_COARSE], x / 5.0 + 9.0, y / 2.2);
    double fine = field_at(&s->field[FIELD_FINE], x / 1.6, y / 0.6 + x / 15.0);
    double lobule = ramp(field_at(&s->field[FIELD_SEPTA], x / 6.0 + 31.0, y / 3.0), 0.6, 0.8);
    double bend = 4.0 * field_at(&s->field[FIELD_COARSE], x / 14.0, 40.5);
    double fibre = strand(field_at(&s->field[FIELD_MUSCLE], x / 8.0, (y + bend) / 1.1), 0.12);

    return -27.0 + 10.0 * (coarse - 0.5) + 8.0 * (fine - 0.5) - 10.0 * lobule +
           13.0 * fibre * coarse;
}

static double muscle_level(const struct scene *s, double x, double y)
{
    double streak = field_at(&s->field[FIELD_MUSCLE], x / 9.0, (y + 0.06 * x) / 0.45);

    return -38.0 + 17.0 * (streak > 0.55 ? streak - 0.55 : 0.0) / 0.45;
}

/* A bright line of uneven strength; hardly anything but a faint repetition comes from behind it. */
static double pleura_level(const struct scene *s, double x, double below)
{
    double line = -7.0 - 14.0 * field_at(&s->field[FIELD_COARSE], x / 5.0, 50.5);
    double again = 1.0 - SN_MIN(1.0, fabs(below - 2.4) / 0.5);

    return line - (line + 33.0) * ramp(below, 0.2, 1.0) - 15.0 * ramp(below, 0.8, 3.0) +
           7.0 * again;
}

/* Echo level of the body without the lesion, dB. */
static double body_level(const struct scene *s, uint32_t px, double x, double y)
{
    double skin = (double)s->skin[px], fat = (double)s->fat[px];
    double gland = (double)s->gland[px], muscle = (double)s->muscle[px];
    double fascia = 0.0, level, t;

    if (y < skin)
        return skin_level(y, skin);
    if (y < fat + 0.6) {
        level = fat_level(s, x, y);
        t = ramp(y, fat - 0.6, fat + 0.6);
        if (t > 0.0)
            level += t * (gland_level(s, x, y) - level);
        return level;
    }
    if (y < gland - 0.4)
        return gland_level(s, x, y);
    t = ramp(y, gland - 0.4, gland + 0.4);
    level = (1.0 - t) * gland_level(s, x, y) + t * muscle_level(s, x, y);
    fascia = 1.0 - SN_MIN(1.0, fabs(y - gland - 0.5) / 0.35); /* in front of the muscle */
    level += 14.0 * fascia;
    t = ramp(y, muscle - 0.2, muscle + 0.3);
    level += t * (pleura_level(s, x, y - muscle) - level);
    return level;
}

/*
 * Position relative to the lesion: rho is 1 on its boundary. The angle is never formed: its cosine
 * and sine are known, and those of k times the angle follow by multiplying unit complex numbers.
 */
static double lesion_rho(const struct scene *s, double x, double y)
{
    const struct sn_phantom_law *l = s->law;
    double dx = x - l->x_mm, dy = y - l->y_mm;
    double u = (dx * s->cos_tilt + dy * s->sin_tilt) / l->half_width_mm;
    double v = (dy * s->cos_tilt - dx * s->sin_tilt) / l->half_height_mm;
    double d = sqrt(u * u + v * v), radius = 1.0, c, si, ck, sk;

    if (d < 0.3 || d > 2.5) /* the boundary lies between in every law */
        return d;
    c = ck = u / d;
    si = sk = v / d;
    for (int k = 0; k < l->harmonics; k++) {
        double next = ck * c - sk * si;

        sk = sk * c + ck * si;
        ck = next; /* now cos and sin of (k + 2) t */
        radius += ck * s->wave_x[k] - sk * s->wave_y[k];
    }
    for (int j = 0; j < l->spicules; j++) {
        double away = 1.0 - (c * s->spike_x[j] + si * s->spike_y[j]);

        if (away < 8.0 * l->spike_width[j])
            radius += l->spike[j] * sn_exp(-away / l->spike_width[j]);
    }
    return d / radius;
}

/* Level of the tissue at a pixel with the lesion in it. */
static double with_lesion(const struct scene *s, double body, double rho, double x, double y)
{
    const struct sn_phantom_law *l = s->law;
    double inside = 1.0 - ramp(rho, 1.0 - l->margin, 1.0 + l->margin);
    double rim_width = l->malignant ? 0.22 : 0.06;
    double rim = 1.0 - fabs(rho - 1.0 - rim_width) / rim_width;
    double texture = field_at(&s->field[FIELD_LESION], x / 1.3, y / 0.9) - 0.5;

    if (rim > 0.0)
        body += l->rim_db * rim;
    return body + inside * (-25.0 + l->echo_db + 2.0 * l->texture_db * texture - body);
}

/*
 * Levels and mask, row by row downwards; `through` collects what each column's beam gained or lost
 * inside the lesion and, by refraction, in its shell, of which a beam past the side of a smooth
 * lesion crosses most. It is spread sideways a little, since a beam is wider than a pixel.
 */
static void lay_down(struct scene *s)
{
    const struct sn_phantom_law *l = s->law;
    int spread = (int)(0.5 / s->mm);

    for (uint32_t py = 0; py < s->h; py++) {
        double y = (py + 0.5) * s->mm, base = l->gain_db - l->attenuation_db_mm * y;
        float *level = s->level + (size_t)py * s->w;

        for (uint32_t px = 0; px < s->w; px++) {
            double x = (px + 0.5) * s->mm, db = body_level(s, px, x, y), rho = lesion_rho(s, x, y);

            if (rho < 2.0)
                db = with_lesion(s, db, rho, x, y);
            s->mask[(size_t)py * s->w + px] = rho <= 1.0 ? 255 : 0;
            if (rho <= 1.0)
                s->through[px] += (float)(l->through_db_mm * s->mm);
            else if (rho < 1.05)
                s->through[px] += (float)(l->edge_db_mm * s->mm);
            level[px] = (float)(db + base);
        }
        for (uint32_t px = 0; px < s->w; px++) {
            int a = SN_MAX((int)px - spread, 0), b = SN_MIN((int)px + spread, (int)s->w - 1);
            double sum = 0.0;

            for (int k = a; k <= b; k += 2)
                sum += (double)s->through[k];
            level[px] = (float)sn_exp(DB_TO_NEPER * ((double)level[px] + sum / ((b - a) / 2 + 1)));
        }
    }
}

/* Bright specks of about one resolution cell inside the lesion. */
static void calcify(struct scene *s, struct sn_rng *r)
{
    const struct sn_phantom_law *l = s->law;

    for (int i = 0; i < l->calcifications; i++) {
        double x = l->x_mm + (sn_rng_uniform(r) - 0.5) * l->half_width_mm;
        double y = l->y_mm + (sn_rng_uniform(r) - 0.5) * l->half_height_mm;
        uint32_t px = (uint32_t)(x / s->mm), py = (uint32_t)(y / s->mm);

        for (uint32_t dy = 0; dy < 2; dy++)
            for (uint32_t dx = 0; dx < 3; dx++)
                if (px + dx < s->w && py + dy < s->h)
                    s->level[(size_t)(py + dy) * s->w + px + dx] *= 12.0f;
    }
}

/* ---- speckle --------------------------------------------------------------------------------- */

/* Complex normal deviates of unit power (Box & Muller 1958) times the amplitude. */
static void scatter(struct scene *s, struct sn_rng *r)
{
    size_t n = (size_t)s->w * s->h;

    for (size_t i = 0; i < n; i++) {
        double amplitude = sqrt(-sn_log(1.0 - sn_rng_uniform(r))) * (double)s->level[i];
        double turn = sn_rng_uniform(r);

        s->re[i] = (float)(amplitude * sn_cos2pi(turn));
        s->im[i] = (float)(amplitude * sn_cos2pi(turn < 0.25 ? turn + 0.75 : turn - 0.25));
    }
}

#define MAX_RADIUS 64 /* 2.5 sigma of the widest beam at the largest size; below the least width */

/* Gaussian taps of unit power, so that filtered noise keeps its level. */
static int kernel(double sigma, float tap[2 * MAX_RADIUS + 1])
{
    int radius = (int)(2.5 * sigma + 0.5);
    double g[MAX_RADIUS + 1], power = 0.0;

    radius = SN_MIN(radius, MAX_RADIUS);
    for (int k = 0; k <= radius; k++) {
        g[k] = sn_exp(-0.5 * k * k / (sigma * sigma));
        power += (k ? 2.0 : 1.0) * g[k] * g[k];
    }
    for (int k = -radius; k <= radius; k++)
        tap[k + radius] = (float)(g[k < 0 ? -k : k] / sqrt(power));
    return radius;
}

/* Rows past the edge are mirrored. */
static size_t mirrored(int i, int n)
{
    i = i < 0 ? -i - 1 : i;
    return (size_t)(i >= n ? 2 * n - 1 - i : i);
}

static void blur_down(const float *in, float *out, uint32_t w, uint32_t h, double sigma)
{
    float tap[2 * MAX_RADIUS + 1];
    int radius = kernel(sigma, tap);

    for (uint32_t y = 0; y < h; y++) {
        float *o = out + (size_t)y * w;

        memset(o, 0, w * sizeof *o);
        for (int k = -radius; k <= radius; k++) {
            const float *row = in + mirrored((int)y + k, (int)h) * w;

            for (uint32_t x = 0; x < w; x++)
                o[x] += tap[k + radius] * row[x];
        }
    }
}

/* The beam is narrowest at the focus, half way down. */
static void blur_across(const float *in, float *out, uint32_t w, uint32_t h, double sigma)
{
    float tap[2 * MAX_RADIUS + 1], row[SN_PHANTOM_MAX_SIDE + 2 * MAX_RADIUS];

    for (uint32_t y = 0; y < h; y++) {
        int radius = kernel(sigma * (1.0 + 0.5 * fabs(2.0 * y / h - 1.0)), tap);
        float *o = out + (size_t)y * w;

        for (int x = -radius; x < (int)w + radius; x++)
            row[x + radius] = in[(size_t)y * w + mirrored(x, (int)w)];
        memset(o, 0, w * sizeof *o);
        for (int k = 0; k <= 2 * radius; k++)
            for (uint32_t x = 0; x < w; x++)
                o[x] += tap[k] * row[x + (uint32_t)k];
    }
}

/*
 * Envelope to grey: full white is 0 dB, black -60 dB. The power is first averaged over a small
 * cross, as the scan converter's interpolation does; it softens the nulls between the speckles.
 */
static void compress(struct scene *s, uint8_t *grey)
{
    size_t n = (size_t)s->w * s->h;
    float *power = s->tmp;

    for (size_t i = 0; i < n; i++)
        power[i] = s->re[i] * s->re[i] + s->im[i] * s->im[i];
    for (uint32_t y = 0; y < s->h; y++)
        for (uint32_t x = 0; x < s->w; x++) {
            const float *row = power + (size_t)y * s->w;
            const float *above = power + mirrored((int)y - 1, (int)s->h) * s->w;
            const float *under = power + mirrored((int)y + 1, (int)s->h) * s->w;
            float sides =
                row[mirrored((int)x - 1, (int)s->w)] + row[mirrored((int)x + 1, (int)s->w)];
            double mean = (double)(0.25f * row[x] + 0.1875f * (sides + (above[x] + under[x])));
            double db = NEPER_TO_DB * sn_log(mean + NOISE_FLOOR);
            double v = (db / DYNAMIC_RANGE_DB + 1.0) * 255.0 + 0.5;

            grey[(size_t)y * s->w + x] = (uint8_t)(v < 0.0 ? 0.0 : v > 255.0 ? 255.0 : v);
        }
}

/* ---- one phantom ---------------------------------------------------------------------------- */

/* Largest extent of the mask along 16 directions, the way a caliper is turned. */
static void measure(const struct scene *s, struct sn_phantom *p)
{
    double low[16], high[16], c[16], si[16];

    for (int k = 0; k < 16; k++) {
        low[k] = 1e9;
        high[k] = -1e9;
        c[k] = cos_turns(k / 32.0);
        si[k] = cos_turns(k / 32.0 - 0.25);
    }
    for (uint32_t y = 0; y < s->h; y++)
        for (uint32_t x = 0; x < s->w; x++) {
            if (!s->mask[(size_t)y * s->w + x])
                continue;
            p->area++;
            for (int k = 0; k < 16; k++) {
                double t = c[k] * x + si[k] * y;

                low[k] = SN_MIN(low[k], t);
                high[k] = SN_MAX(high[k], t);
            }
        }
    for (int k = 0; k < 16; k++)
        p->diameter_mm = SN_MAX(p->diameter_mm, (high[k] - low[k] + 1.0) * s->mm);
}

static struct sn_rng stream(uint64_t seed, uint32_t index, const char *name)
{
    uint64_t s = sn_rng_name(seed, name) ^ index;

    return (struct sn_rng){ sn_splitmix64(&s) };
}

static void prepare(struct scene *s, uint64_t seed, uint32_t index)
{
    const struct sn_phantom_law *l = s->law;
    struct sn_rng r = stream(seed, index, "phantom texture");

    for (int f = 0; f < FIELDS; f++)
        for (int i = 0; i < LATTICE * LATTICE; i++)
            s->field[f].v[i] = (float)(sn_rng_next(&r) >> 40) * 0x1p-24f;
    boundary(&r, s->skin, s->w, s->mm, l->skin_mm, 0.08);
    boundary(&r, s->fat, s->w, s->mm, l->fat_mm, 1.3);
    boundary(&r, s->gland, s->w, s->mm, l->gland_mm, 0.9);
    boundary(&r, s->muscle, s->w, s->mm, l->muscle_mm, 0.5);
    s->cos_tilt = cos_turns(l->tilt);
    s->sin_tilt = cos_turns(l->tilt - 0.25);
    for (int k = 0; k < l->harmonics; k++) {
        s->wave_x[k] = l->wave[k] * cos_turns(l->phase[k]);
        s->wave_y[k] = l->wave[k] * cos_turns(l->phase[k] - 0.25);
    }
    for (int j = 0; j < l->spicules; j++) {
        s->spike_x[j] = cos_turns(l->spike_at[j]);
        s->spike_y[j] = cos_turns(l->spike_at[j] - 0.25);
    }
}

static int scene_alloc(struct scene *s, struct sn_arena *a, struct sn_error *err)
{
    size_t n = (size_t)s->w * s->h;
    float **rows[] = { &s->skin, &s->fat, &s->gland, &s->muscle, &s->through };
    float **planes[] = { &s->level, &s->re, &s->im, &s->tmp };

    s->field = sn_arena_get(a, FIELDS * sizeof *s->field, err);
    if (!s->field)
        return err ? err->code : SN_ENOMEM;
    for (size_t i = 0; i < SN_COUNT(rows); i++)
        if (!(*rows[i] = sn_arena_get(a, s->w * sizeof(float), err)))
            return err ? err->code : SN_ENOMEM;
    for (size_t i = 0; i < SN_COUNT(planes); i++)
        if (!(*planes[i] = sn_arena_get(a, n * sizeof(float), err)))
            return err ? err->code : SN_ENOMEM;
    return SN_OK;
}

int sn_phantom_make(uint64_t seed, uint32_t index, uint32_t w, uint32_t h, struct sn_phantom *p,
                    struct sn_error *err)
{
    struct scene s = { .law = &p->law, .w = w, .h = h, .mm = SN_PHANTOM_DEPTH_MM / h };
    struct sn_rng speckle = stream(seed, index, "phantom speckle");
    struct sn_arena arena;
    int rc;

    memset(p, 0, sizeof *p);
    sn_arena_init(&arena, 0);
    if (SN_MIN(w, h) < SN_PHANTOM_MIN_SIDE || SN_MAX(w, h) > SN_PHANTOM_MAX_SIDE)
        return SN_FAIL(err, SN_EINVAL, "phantom: size %ux%u; sides are %u to %u", w, h,
                       SN_PHANTOM_MIN_SIDE, SN_PHANTOM_MAX_SIDE);
    SN_TRY_OUT(scene_alloc(&s, &arena, err));
    SN_TRY_OUT(sn_image_alloc(&p->image, w, h, 1, 8, err));
    SN_TRY_OUT(sn_image_alloc(&p->mask, w, h, 1, 8, err));
    s.mask = p->mask.data;
    sn_phantom_draw(seed, index, w * s.mm, &p->law);
    prepare(&s, seed, index);
    lay_down(&s);
    calcify(&s, &speckle);
    scatter(&s, &speckle);
    blur_down(s.re, s.tmp, w, h, SN_MAX(p->law.axial_mm / s.mm, 0.5));
    blur_across(s.tmp, s.re, w, h, SN_MAX(p->law.lateral_mm / s.mm, 0.5));
    blur_down(s.im, s.tmp, w, h, SN_MAX(p->law.axial_mm / s.mm, 0.5));
    blur_across(s.tmp, s.im, w, h, SN_MAX(p->law.lateral_mm / s.mm, 0.5));
    compress(&s, p->image.data);
    measure(&s, p);
    p->image.spacing_mm[0] = p->image.spacing_mm[1] = s.mm;
    p->mask.spacing_mm[0] = p->mask.spacing_mm[1] = s.mm;
out:
    sn_arena_free(&arena);
    if (rc)
        sn_phantom_free(p);
    return rc;
}

void sn_phantom_free(struct sn_phantom *p)
{
    sn_image_free(&p->image);
    sn_image_free(&p->mask);
    memset(p, 0, sizeof *p);
}
