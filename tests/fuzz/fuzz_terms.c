/* fuzz_terms.c: any text as the terms of a model; what parses makes a design of a small table, or says why not. */
#include "stats/stats.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROWS 12

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const double number[ROWS] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10 };
    static const char *const text[ROWS] = { "a", "b", "c", "a", "b", "c", "a", "b", "c", "a", "b", "c" };
    struct sn_design_column columns[16];
    struct sn_formula f;
    struct sn_design d;
    char *terms = malloc(size + 1);

    if (!terms)
        return 0;
    if (size)
        memcpy(terms, data, size);
    terms[size] = 0;
    if (sn_formula_parse(terms, &f, NULL) == SN_OK) {
        for (size_t v = 0; v < SN_COUNT(columns); v++)
            columns[v] = (struct sn_design_column){ .number = v % 2 ? NULL : number, .text = v % 2 ? text : NULL };
        if (f.n_vars <= SN_COUNT(columns) && sn_design_build(&f, columns, ROWS, &d, NULL) == SN_OK) {
            for (size_t j = 0; j < d.p; j++)
                if (!(d.names[j][0] && d.x[j * ROWS] < 1e9))
                    abort();
            sn_design_free(&d);
        }
        sn_formula_free(&f);
    }
    free(terms);
    return 0;
}
