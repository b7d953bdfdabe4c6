/*
 * phantom.h: synthetic B-mode-like breast ultrasound with exact masks. Deterministic: the same
 * seed, index and size give the same bytes on every machine (base's generator and elementary
 * functions only). It feeds the demo, the tests and the fuzz corpora; it is not a simulator of
 * wave propagation and nothing clinical may be concluded from it.
 */
#ifndef SN_TOOLS_PHANTOM_H
#define SN_TOOLS_PHANTOM_H

#include "base/base.h"
#include "io/io.h"

#define SN_PHANTOM_MIN_SIDE 64u
#define SN_PHANTOM_MAX_SIDE 2048u
#define SN_PHANTOM_DEPTH_MM 40.0 /* the image height, whatever its pixels */

/* Everything that was drawn; the laws are stated in phantom_law.c and tools/README.md. */
struct sn_phantom_law {
    bool malignant;             /* which of the two lesion laws */
    int outcome;                /* 0/1, drawn given the law */
    const char *set;            /* "train", "internal", "external" (another scanner) */
    /* lesion, in millimetres; x to the right and y downwards from the upper left corner */
    double x_mm, y_mm, half_width_mm, half_height_mm;
    double tilt;                /* turns; rotation of the axes */
    /* boundary radius at angle t: 1 + sum over k < harmonics of wave[k] cos((k+2) t + phase[k]) */
    int harmonics;
    double wave[8], phase[8];   /* phase in turns */
    /* each adds a narrow peak: height in radii, direction in turns, width as 1 - cos(angle) */
    int spicules;
    double spike[16], spike_at[16], spike_width[16];
    double echo_db;             /* of the inside, against the glandular tissue around */
    double texture_db;          /* heterogeneity of the inside */
    double margin;              /* width of the transition, in radii */
    double rim_db;              /* echogenic halo (malignant-like) or thin capsule (benign-like) */
    double through_db_mm;       /* per mm of lesion crossed: enhancement > 0, shadow < 0 */
    double edge_db_mm;          /* lost per mm in the shell just outside: shadows of smooth sides */
    int calcifications;         /* bright specks */
    /* body and scanner */
    double skin_mm, fat_mm, gland_mm, muscle_mm; /* depth of each layer's lower boundary */
    double attenuation_db_mm, gain_db;
    double axial_mm, lateral_mm; /* standard deviations of the point-spread function */
    /* clinical table */
    int age, us_node, ki67, grade;
};

struct sn_phantom {
    struct sn_phantom_law law;
    double diameter_mm;    /* largest extent of the mask along 16 directions */
    size_t area;           /* mask pixels */
    struct sn_image image; /* 8-bit grey */
    struct sn_image mask;  /* 0 or 255 */
};

/* What case `index` of a series is; needs no memory. width_mm is the image's. */
void sn_phantom_draw(uint64_t seed, uint32_t index, double width_mm, struct sn_phantom_law *law);
/* Draws and renders; sides in [SN_PHANTOM_MIN_SIDE, SN_PHANTOM_MAX_SIDE], else SN_EINVAL. */
int sn_phantom_make(uint64_t seed, uint32_t index, uint32_t w, uint32_t h, struct sn_phantom *p,
                    struct sn_error *err);
void sn_phantom_free(struct sn_phantom *p); /* a zeroed phantom is fine */

#endif
