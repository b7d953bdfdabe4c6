/*
 * winograd_line.h: the one-dimensional transforms of each kind of piece (kernels.h), as the fixed expressions of the
 * contract, written once for scalars and vectors. T is the number type; the user defines FMA(a, b, c),
 * MUL, ADD, SUB and SET(constant) for it.
 *
 * Points 0, a, -a, b, -b, infinity with a = 5/8, b = 3/2; A = a^2 = 25/64, B = b^2 = 9/4, all exact.
 *   filter  u(p) = g0 + g1 p + g2 p^2
 *   input   coefficients of prod_{k != j} (x - p_k) / N_j, N_j = prod_{k != j} (p_j - p_k):
 *           at 0:   1 - (A + B)/(A B) x^2 + x^4/(A B)
 *           at +-a: (x^4 - B x^2) Ka +- a (x^3 - B x) Ka, Ka = 1/(2 A (A - B))
 *           at +-b: (x^4 - A x^2) Kb +- b (x^3 - A x) Kb, Kb = 1/(2 B (B - A))
 *           at infinity: A B x - (A + B) x^3 + x^5
 *   output  y_i = sum_j p_j^i m_j, and m_infinity in y_3
 * F(3, 3) is that without infinity (and so without d_5 and y_3): its polynomials have degree 4, the same five.
 * F(2, 3) has +-a and +-b alone, its polynomials degree 3:
 *   input   at +-a: (x^2 - B) Fa +- (x^3 - B x) Fa/a, Fa = 1/(2 (A - B)); at +-b: (x^2 - A) Fb +- (x^3 - A x) Fb/b, Fb = -Fa
 * These subsets because they are nested and among those of least error: against double, in units of 1e-7 of the output's rms,
 * 256 channels in chunks of 64, F(4, 3): 6.7, F(3, 3): 5.3 (others 4.8 to 7.6), F(2, 3): 3.7 (others 3.4 to 28).
 * Two pixels with zeros around: y_0 = g1 x_0 + g2 x_1 = g1 (x_0 + x_1) + (g2 - g1) x_1, y_1 = g1 (x_0 + x_1) + (g0 - g1) x_0.
 */
#ifndef SN_WINOGRAD_LINE_H
#define SN_WINOGRAD_LINE_H

#define WA 0.625
#define WB 1.5
#define WA2 0.390625
#define WB2 2.25
#define WKA (1.0 / (2.0 * WA2 * (WA2 - WB2)))
#define WKB (1.0 / (2.0 * WB2 * (WB2 - WA2)))
#define WFA (1.0 / (2.0 * (WA2 - WB2)))

#define SN_WINOGRAD_LINES(T)                                                                              \
    static inline __attribute__((always_inline, unused)) void winograd_filter(const T *g, T *u)           \
    {                                                                                                     \
        T ea = FMA(SET(WA2), g[2], g[0]), oa = MUL(SET(WA), g[1]);                                        \
        T eb = FMA(SET(WB2), g[2], g[0]), ob = MUL(SET(WB), g[1]);                                        \
                                                                                                          \
        u[0] = g[0];                                                                                      \
        u[1] = ADD(ea, oa);                                                                               \
        u[2] = SUB(ea, oa);                                                                               \
        u[3] = ADD(eb, ob);                                                                               \
        u[4] = SUB(eb, ob);                                                                               \
        u[5] = g[2];                                                                                      \
    }                                                                                                     \
    static inline __attribute__((always_inline, unused)) void winograd_filter_pair(const T *g, T *u)      \
    {                                                                                                     \
        u[0] = g[1];                                                                                      \
        u[1] = SUB(g[2], g[1]);                                                                           \
        u[2] = SUB(g[0], g[1]);                                                                           \
    }                                                                                                     \
    static inline __attribute__((always_inline, unused)) void winograd_input(const int kind, const T *d, T *v)\
    {                                                                                                     \
        if (kind == 0) {                                                                                  \
            v[0] = d[0];                                                                                  \
        } else if (kind == 1) {                                                                           \
            v[0] = ADD(d[0], d[1]);                                                                       \
            v[1] = d[1];                                                                                  \
            v[2] = d[0];                                                                                  \
        } else if (kind == 2) {                                                                           \
            T ea = MUL(SET(WFA), FMA(SET(-WB2), d[0], d[2])), oa = FMA(SET(-WB2), d[1], d[3]);            \
            T eb = MUL(SET(-WFA), FMA(SET(-WA2), d[0], d[2])), ob = FMA(SET(-WA2), d[1], d[3]);           \
                                                                                                          \
            v[1] = FMA(SET(WFA / WA), oa, ea);                                                            \
            v[2] = FMA(SET(-WFA / WA), oa, ea);                                                           \
            v[3] = FMA(SET(-WFA / WB), ob, eb);                                                           \
            v[4] = FMA(SET(WFA / WB), ob, eb);                                                            \
        } else {                                                                                          \
            T ea = MUL(SET(WKA), FMA(SET(-WB2), d[2], d[4])), oa = FMA(SET(-WB2), d[1], d[3]);            \
            T eb = MUL(SET(WKB), FMA(SET(-WA2), d[2], d[4])), ob = FMA(SET(-WA2), d[1], d[3]);            \
                                                                                                          \
            v[0] = FMA(SET(1.0 / (WA2 * WB2)), d[4], FMA(SET(-(WA2 + WB2) / (WA2 * WB2)), d[2], d[0]));   \
            v[1] = FMA(SET(WA * WKA), oa, ea);                                                            \
            v[2] = FMA(SET(-WA * WKA), oa, ea);                                                           \
            v[3] = FMA(SET(WB * WKB), ob, eb);                                                            \
            v[4] = FMA(SET(-WB * WKB), ob, eb);                                                           \
            if (kind == 4)                                                                                \
                v[5] = FMA(SET(WA2 * WB2), d[1], FMA(SET(-(WA2 + WB2)), d[3], d[5]));                     \
        }                                                                                                 \
    }                                                                                                     \
    static inline __attribute__((always_inline, unused)) void winograd_output(const int kind, const T *v, T *y)\
    {                                                                                                     \
        if (kind < 2) {                                                                                   \
            y[0] = kind == 1 ? ADD(v[0], v[1]) : v[0];                                                    \
            if (kind == 1)                                                                                \
                y[1] = ADD(v[0], v[2]);                                                                   \
        } else {                                                                                          \
            T sa = ADD(v[1], v[2]), da = SUB(v[1], v[2]), sb = ADD(v[3], v[4]), db = SUB(v[3], v[4]);     \
                                                                                                          \
            y[0] = kind == 2 ? ADD(sa, sb) : ADD(ADD(v[0], sa), sb);                                      \
            y[1] = FMA(SET(WB), db, MUL(SET(WA), da));                                                    \
            if (kind >= 3)                                                                                \
                y[2] = FMA(SET(WB2), sb, MUL(SET(WA2), sa));                                              \
            if (kind == 4)                                                                                \
                y[3] = FMA(SET(WB * WB2), db, FMA(SET(WA * WA2), da, v[5]));                              \
        }                                                                                                 \
    }

#endif
