/*
 * phantom_law.c: what is drawn for a synthetic case. U(a, b) uniform, N(m, s) normal, B(p) coin.
 *
 *                         benign-like                malignant-like
 *   half width  mm        U(3, 9)                    U(3.5, 8)
 *   height / width        U(0.45, 0.75)              U(0.8, 1.3)   (taller than wide above 1)
 *   tilt  turns           U(-0.03, 0.03)             U(-0.08, 0.08)
 *   boundary waves        3 of height U(0, 0.05)     6 of height U(0, 0.1) * 2 / (1 + k/2)
 *   spicules              none                       3 to 14, 0.1 to 0.4 radii, narrow
 *   echo against gland    U(-19, -11) dB             U(-23, -13) dB
 *   heterogeneity         U(0.5, 2) dB               U(2, 5) dB
 *   margin                U(0.02, 0.05) radii        U(0.1, 0.25) radii
 *   rim                   capsule U(2, 6) dB         halo U(1, 4) dB
 *   through the lesion    U(-0.1, 0.9) dB/mm         U(-1.4, -0.1) dB/mm
 *   at its sides          U(-2, 0) dB/mm             none
 *   calcifications        none                       B(0.4): 3 to 12
 *   grade                 1 (0.6), 2 (0.3), 3        1 (0.15), 2 (0.4), 3
 *
 *   law malignant-like B(0.45); outcome B(0.8) if malignant-like, else B(0.15)
 *   set train 0.6, internal 0.2, external 0.2; external: point spread x 1.25, gain + 3 dB
 *   age N(51 + 3 outcome, 11) in 22..88; us_node B(0.55) if outcome, else B(0.15);
 *   ki67 N(18 + 12 outcome, 11) in 1..95
 *
 * So the image tells the law almost surely, the law tells the outcome partly (whoever reads the
 * law without error reaches an AUC of 0.826), and the clinical columns add to it. The body around
 * the lesion is independent of the law.
 */
#include "tools/phantom.h"

static double uniform(struct sn_rng *r, double a, double b)
{
    return a + (b - a) * sn_rng_uniform(r);
}

static bool coin(struct sn_rng *r, double p)
{
    return sn_rng_uniform(r) < p;
}

/* Whole number from a to b. */
static int whole(struct sn_rng *r, int a, int b)
{
    return a + (int)sn_rng_below(r, (uint64_t)(b - a + 1));
}

static double between(double v, double low, double high)
{
    return v < low ? low : v > high ? high : v;
}

static void draw_benign(struct sn_rng *r, struct sn_phantom_law *l)
{
    l->half_width_mm = uniform(r, 3.0, 9.0);
    l->half_height_mm = l->half_width_mm * uniform(r, 0.45, 0.75);
    l->tilt = uniform(r, -0.03, 0.03);
    l->harmonics = 3;
    for (int k = 0; k < l->harmonics; k++) {
        l->wave[k] = uniform(r, 0.0, 0.05);
        l->phase[k] = sn_rng_uniform(r);
    }
    l->echo_db = uniform(r, -19.0, -11.0);
    l->texture_db = uniform(r, 0.5, 2.0);
    l->margin = uniform(r, 0.02, 0.05);
    l->rim_db = uniform(r, 2.0, 6.0);
    l->through_db_mm = uniform(r, -0.1, 0.9);
    l->edge_db_mm = uniform(r, -2.0, 0.0);
    l->grade = coin(r, 0.6) ? 1 : coin(r, 0.75) ? 2 : 3;
}

static void draw_malignant(struct sn_rng *r, struct sn_phantom_law *l)
{
    l->half_width_mm = uniform(r, 3.5, 8.0);
    l->half_height_mm = l->half_width_mm * uniform(r, 0.8, 1.3);
    l->tilt = uniform(r, -0.08, 0.08);
    l->harmonics = 6;
    for (int k = 0; k < l->harmonics; k++) {
        l->wave[k] = uniform(r, 0.0, 0.1) * 2.0 / (1.0 + 0.5 * (k + 2));
        l->phase[k] = sn_rng_uniform(r);
    }
    l->spicules = whole(r, 3, 14);
    for (int j = 0; j < l->spicules; j++) {
        l->spike[j] = uniform(r, 0.1, 0.4);
        l->spike_at[j] = sn_rng_uniform(r);
        l->spike_width[j] = uniform(r, 0.002, 0.008);
    }
    l->echo_db = uniform(r, -23.0, -13.0);
    l->texture_db = uniform(r, 2.0, 5.0);
    l->margin = uniform(r, 0.1, 0.25);
    l->rim_db = uniform(r, 1.0, 4.0);
    l->through_db_mm = uniform(r, -1.4, -0.1);
    l->calcifications = coin(r, 0.4) ? whole(r, 3, 12) : 0;
    l->grade = coin(r, 0.15) ? 1 : coin(r, 0.47) ? 2 : 3;
}

static void draw_body(struct sn_rng *r, struct sn_phantom_law *l)
{
    l->skin_mm = uniform(r, 1.6, 2.3);
    l->fat_mm = uniform(r, 6.0, 10.0);
    l->gland_mm = uniform(r, 25.0, 29.0);
    l->muscle_mm = uniform(r, 33.0, 36.0);
    l->attenuation_db_mm = uniform(r, 0.15, 0.35);
    l->gain_db = uniform(r, -2.0, 2.0);
    l->axial_mm = 0.08;
    l->lateral_mm = uniform(r, 0.16, 0.22);
}

static void draw_clinical(struct sn_rng *r, struct sn_phantom_law *l)
{
    double age = 51.0 + 3.0 * l->outcome + 11.0 * sn_rng_normal(r);
    double ki67 = 18.0 + 12.0 * l->outcome + 11.0 * sn_rng_normal(r);

    l->age = (int)between(age, 22.0, 88.0);
    l->ki67 = (int)between(ki67, 1.0, 95.0);
    l->us_node = coin(r, l->outcome ? 0.55 : 0.15);
}

void sn_phantom_draw(uint64_t seed, uint32_t index, double width_mm, struct sn_phantom_law *law)
{
    uint64_t s = sn_rng_name(seed, "phantom law") ^ index;
    struct sn_rng r = { sn_splitmix64(&s) };
    double set, shrink, tallest;

    memset(law, 0, sizeof *law);
    law->malignant = coin(&r, 0.45);
    law->outcome = coin(&r, law->malignant ? 0.8 : 0.15);
    set = sn_rng_uniform(&r);
    law->set = set < 0.6 ? "train" : set < 0.8 ? "internal" : "external";
    draw_body(&r, law);
    if (set >= 0.8) {
        law->axial_mm *= 1.25;
        law->lateral_mm *= 1.25;
        law->gain_db += 3.0;
    }
    if (law->malignant)
        draw_malignant(&r, law);
    else
        draw_benign(&r, law);
    draw_clinical(&r, law);
    /* in the gland, away from the image's edges; a narrow image gets a smaller lesion */
    tallest = SN_MIN(law->half_width_mm, law->half_height_mm) == law->half_width_mm
                  ? law->half_height_mm
                  : law->half_width_mm;
    shrink = SN_MIN(1.0, 0.3 * width_mm / tallest);
    law->half_width_mm *= shrink;
    law->half_height_mm *= shrink;
    law->x_mm = width_mm * uniform(&r, 0.38, 0.62);
    law->y_mm = uniform(&r, 13.0, 18.0) + 0.3 * (law->half_height_mm - 5.0);
}
