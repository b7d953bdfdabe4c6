/*
 * number.c: text to double and back, exactly, whatever the locale.
 *
 * Both directions use plain big integers: a double is num/den with both whole, so rounding can be
 * decided by comparing integers and never by guessing. Short numbers take Clinger's exact path.
 */
#include "io/io.h"

#include <stdio.h>

/*
 * The longest exact half-way point between two doubles has 767 significant digits; further ones
 * only matter as "not zero", which one extra digit keeps. So the largest integer is about
 * 10^(800 + 345): 3804 bits, plus 63 bits of quotient.
 */
#define MAX_DIGITS 800
#define WORDS      128

struct big {
    int n; /* words used; the top one is not zero */
    uint32_t w[WORDS];
};

static void big_set(struct big *b, uint64_t v)
{
    b->n = 0;
    for (; v; v >>= 32)
        b->w[b->n++] = (uint32_t)v;
}

/* b = b * m + a */
static void big_mul_add(struct big *b, uint32_t m, uint32_t a)
{
    uint64_t carry = a;

    for (int i = 0; i < b->n; i++) {
        carry += (uint64_t)b->w[i] * m;
        b->w[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry && b->n < WORDS)
        b->w[b->n++] = (uint32_t)carry;
}

static void big_mul_pow10(struct big *b, int e)
{
    for (; e >= 9; e -= 9)
        big_mul_add(b, 1000000000u, 0);
    for (; e > 0; e--)
        big_mul_add(b, 10, 0);
}

static int big_bits(const struct big *b)
{
    int bits = 0;

    if (b->n == 0)
        return 0;
    for (uint32_t top = b->w[b->n - 1]; top; top >>= 1)
        bits++;
    return 32 * (b->n - 1) + bits;
}

static void big_shift_left(struct big *b, int s)
{
    int words = s / 32, bits = s % 32;

    if (b->n == 0 || s == 0 || b->n + words + 1 > WORDS)
        return;
    b->w[b->n] = 0;
    for (int i = b->n; i >= 0; i--) {
        uint32_t low = i > 0 && bits ? b->w[i - 1] >> (32 - bits) : 0;

        b->w[i + words] = b->w[i] << bits | low;
    }
    memset(b->w, 0, (size_t)words * sizeof b->w[0]);
    b->n += words;
    if (b->w[b->n])
        b->n++;
}

static int big_compare(const struct big *a, const struct big *b)
{
    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    for (int i = a->n - 1; i >= 0; i--)
        if (a->w[i] != b->w[i])
            return a->w[i] < b->w[i] ? -1 : 1;
    return 0;
}

/* a -= b, for a >= b */
static void big_subtract(struct big *a, const struct big *b)
{
    uint64_t borrow = 0;

    for (int i = 0; i < a->n; i++) {
        uint64_t d = (uint64_t)a->w[i] - (i < b->n ? b->w[i] : 0) - borrow;

        a->w[i] = (uint32_t)d;
        borrow = d >> 63;
    }
    while (a->n > 0 && a->w[a->n - 1] == 0)
        a->n--;
}

/* ---- text to double ------------------------------------------------------------------------ */

struct decimal {
    bool negative;
    int n_digits;            /* without leading zeros; 0: the value is zero */
    int64_t exp10;           /* value = digits * 10^exp10 */
    char digit[MAX_DIGITS + 1];
};

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Adds one digit; those past MAX_DIGITS raise the exponent and, if not zero, set sticky. */
static void add_digit(struct decimal *d, char c, bool fraction, bool *sticky)
{
    if (d->n_digits == MAX_DIGITS) {
        *sticky = *sticky || c != '0';
        d->exp10 += !fraction;
        return;
    }
    if (d->n_digits > 0 || c != '0')
        d->digit[d->n_digits++] = (char)(c - '0');
    d->exp10 -= fraction;
}

/* [+-] digits [. digits] [e [+-] digits], at least one digit before or after the point. */
static bool scan_decimal(const char *s, size_t n, struct decimal *d)
{
    size_t i = 0, seen = 0;
    bool fraction = false, sticky = false, exp_negative = false;
    int64_t e = 0;

    d->n_digits = 0;
    d->exp10 = 0;
    d->negative = n > 0 && s[0] == '-';
    if (n > 0 && (s[0] == '-' || s[0] == '+'))
        i++;
    for (; i < n && (is_digit(s[i]) || (s[i] == '.' && !fraction)); i++) {
        if (s[i] == '.') {
            fraction = true;
            continue;
        }
        seen++;
        add_digit(d, s[i], fraction, &sticky);
    }
    if (seen == 0)
        return false;
    if (sticky) {
        d->digit[d->n_digits++] = 1;
        d->exp10--;
    }
    if (i == n)
        return true;
    if ((s[i] != 'e' && s[i] != 'E') || ++i == n)
        return false;
    exp_negative = s[i] == '-';
    if ((s[i] == '-' || s[i] == '+') && ++i == n)
        return false;
    for (; i < n && is_digit(s[i]); i++)
        e = e < 100000000000000 ? 10 * e + (s[i] - '0') : e; /* far past any file's digit count */
    d->exp10 += exp_negative ? -e : e;
    return i == n;
}

/* num / den rounded to the nearest double, ties to even; false: too large. */
static bool divide(struct big *num, struct big *den, double *v)
{
    /* den * 2^k is aligned so that q = floor(value / 2^k) has 62 or 63 bits */
    int k = big_bits(num) - big_bits(den) - 62, drop, bits = 0;
    uint64_t q = 0, m, rest, half, u;

    if (k + 63 < -1075) { /* below half the smallest double */
        *v = 0.0;
        return true;
    }
    /* 63 steps of schoolbook division, highest bit first */
    if (k + 62 >= 0)
        big_shift_left(den, k + 62);
    else
        big_shift_left(num, -(k + 62));
    for (int step = 0; step < 63; step++) {
        q <<= 1;
        if (big_compare(num, den) >= 0) {
            big_subtract(num, den);
            q |= 1;
        }
        big_shift_left(num, 1);
    }
    for (u = q; u; u >>= 1)
        bits++;
    drop = bits - 53;
    if (k + drop < -1074) /* denormal: fewer bits are kept */
        drop = -1074 - k;
    if (drop > 63) {
        *v = 0.0;
        return true;
    }
    m = q >> drop;
    rest = q & (((uint64_t)1 << drop) - 1);
    half = (uint64_t)1 << (drop - 1);
    if (rest > half || (rest == half && (num->n > 0 || (m & 1))))
        m++;
    if (k + drop + 1075 >= 2047 || (k + drop + 1075 == 2046 && m >> 53))
        return false;
    /* a normal m brings its leading bit, which adds one to the exponent field */
    u = (m >> 52 ? (uint64_t)(k + drop + 1074) << 52 : 0) + m;
    memcpy(v, &u, sizeof *v);
    return true;
}

static bool decimal_to_double(const struct decimal *d, double *v)
{
    static const double pow10[] = { 1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };
    struct big num, den;

    *v = 0.0;
    if (d->n_digits == 0)
        return true;
    /* 0.d1d2... * 10^(n + exp10): outside this range the answer needs no arithmetic */
    if (d->exp10 + d->n_digits > 310)
        return false;
    if (d->exp10 + d->n_digits < -330)
        return true;
    if (d->n_digits <= 15 && d->exp10 >= -22 && d->exp10 <= 22) {
        /* Clinger 1990: both operands are exact, so one rounding is all there is */
        uint64_t whole = 0;

        for (int i = 0; i < d->n_digits; i++)
            whole = 10 * whole + (uint64_t)d->digit[i];
        *v = d->exp10 < 0 ? (double)whole / pow10[-d->exp10] : (double)whole * pow10[d->exp10];
        return true;
    }
    big_set(&num, 0);
    for (int i = 0; i < d->n_digits; i++)
        big_mul_add(&num, 10, (uint32_t)d->digit[i]);
    big_set(&den, 1);
    big_mul_pow10(d->exp10 < 0 ? &den : &num, (int)(d->exp10 < 0 ? -d->exp10 : d->exp10));
    return divide(&num, &den, v);
}

bool sn_parse_double_n(const char *s, size_t n, double *v)
{
    struct decimal d;
    double magnitude;

    if (!scan_decimal(s, n, &d) || !decimal_to_double(&d, &magnitude))
        return false;
    *v = d.negative ? -magnitude : magnitude;
    return true;
}

bool sn_parse_double(const char *s, double *v)
{
    return sn_parse_double_n(s, strlen(s), v);
}

/* ---- double to text ------------------------------------------------------------------------ */

#define PRINT_DIGITS 18 /* 17 always suffice; one more decides the last rounding */

/*
 * The first PRINT_DIGITS digits of v > 0, cut off, not rounded: v = d.ddd * 10^result. When more
 * follow, a last digit of 0 or 5 is raised by one, so that it cannot pass for an exact half.
 */
static int exact_digits(double v, char *digit)
{
    struct big num, den;
    uint64_t u, m;
    int e, k;

    memcpy(&u, &v, sizeof u);
    e = (int)(u >> 52);
    m = (u & 0xfffffffffffffu) | (e ? (uint64_t)1 << 52 : 0);
    e = (e ? e : 1) - 1075;
    big_set(&num, m);
    big_set(&den, 1);
    /* v >= 2^(bits - 1 + e); log10(2) from below: 0.30102. k may be low by a few, never high */
    k = big_bits(&num) - 1 + e;
    k = k >= 0 ? k * 30102 / 100000 : -((-k * 30103 + 99999) / 100000);
    if (e >= 0)
        big_shift_left(&num, e);
    else
        big_shift_left(&den, -e);
    big_mul_pow10(k >= 0 ? &den : &num, k >= 0 ? k : -k);
    for (;; k++) {
        struct big ten = den;

        big_mul_add(&ten, 10, 0);
        if (big_compare(&num, &ten) < 0)
            break;
        den = ten;
    }
    for (int i = 0; i < PRINT_DIGITS; i++) {
        digit[i] = 0;
        for (; big_compare(&num, &den) >= 0; digit[i]++)
            big_subtract(&num, &den);
        big_mul_add(&num, 10, 0);
    }
    if (num.n > 0 && digit[PRINT_DIGITS - 1] % 5 == 0)
        digit[PRINT_DIGITS - 1]++;
    return k;
}

/* The first n digits of `exact` (exponent k), one unit in the last place more when `up`. */
static void cut(const char *exact, int k, int n, bool up, struct decimal *d)
{
    d->negative = false;
    d->n_digits = n;
    memcpy(d->digit, exact, (size_t)n);
    for (int i = n - 1; up && i >= 0; i--) {
        up = d->digit[i] == 9;
        d->digit[i] = (char)(up ? 0 : d->digit[i] + 1);
    }
    if (up) { /* 9.99 became 10.0 */
        d->digit[0] = 1;
        k++;
    }
    d->exp10 = (int64_t)k - n + 1;
}

/* Whether n digits can name v; tries the nearer neighbour first, of equally near ones the even. */
static bool try_digits(const char *exact, int k, int n, double v, struct decimal *d)
{
    bool up = exact[n] > 5 || (exact[n] == 5 && exact[n - 1] % 2 == 1);
    double back;

    for (int i = n + 1; i < PRINT_DIGITS && exact[n] == 5; i++)
        up = up || exact[i] > 0;
    for (int attempt = 0; attempt < 2; attempt++, up = !up) {
        cut(exact, k, n, up, d);
        if (decimal_to_double(d, &back) && back == v)
            return true;
    }
    return false;
}

/*
 * Plain notation while it is short, else d.ddde-12. Every decimal of at most 15 digits survives a
 * trip through a normal double, so when 15 digits name v the shortest are those without their
 * trailing zeros; only denormals need the search from one digit up.
 */
const char *sn_format_double(double v, char *buf)
{
    char exact[PRINT_DIGITS], *p = buf;
    struct decimal d;
    int k, n;

    if (v != v || v - v != 0.0)
        return strcpy(buf, v != v ? "nan" : v > 0 ? "inf" : "-inf");
    if (v < 0 || (v == 0 && 1 / v < 0)) {
        *p++ = '-';
        v = -v;
    }
    if (v == 0) {
        strcpy(p, "0");
        return buf;
    }
    k = exact_digits(v, exact);
    for (n = v < DBL_MIN ? 1 : 15; n < 17 && !try_digits(exact, k, n, v, &d); n++)
        ;
    if (n == 17)
        try_digits(exact, k, n, v, &d);
    k = (int)d.exp10 + n - 1;
    while (n > 1 && d.digit[n - 1] == 0)
        n--;
    if (k < -5 || k > 16) {
        *p++ = (char)('0' + d.digit[0]);
        if (n > 1)
            *p++ = '.';
        for (int i = 1; i < n; i++)
            *p++ = (char)('0' + d.digit[i]);
        snprintf(p, 13, "e%d", k);
        return buf;
    }
    if (k < 0)
        *p++ = '0';
    for (int i = k < 0 ? k : 0; i < n || i <= k; i++) {
        if (i == (k < 0 ? k : k + 1))
            *p++ = '.';
        if (k < 0 && i == k)
            continue;
        *p++ = (char)('0' + (i < 0 || i >= n ? 0 : d.digit[i]));
    }
    *p = '\0';
    return buf;
}

const char *sn_fixed(double v, int decimals, char *buf)
{
    uint64_t scale = 1, u;
    double a = v < 0 ? -v : v;

    if (!(a < 1e9)) { /* not a number, or beyond what people read digit by digit */
        (void)snprintf(buf, 48, "%s", v != v ? "-" : v < 0 ? "< -1e9" : "> 1e9");
        return buf;
    }
    for (int i = 0; i < decimals; i++)
        scale *= 10;
    u = (uint64_t)(a * (double)scale + 0.5);
    if (decimals == 0)
        (void)snprintf(buf, 48, "%s%llu", v < 0 && u ? "-" : "", (unsigned long long)u);
    else
        (void)snprintf(buf, 48, "%s%llu.%0*llu", v < 0 && u ? "-" : "", (unsigned long long)(u / scale), decimals,
                       (unsigned long long)(u % scale));
    return buf;
}
