/* fuzz_csv.c: any bytes as a table; what parses is written back and must parse to the same table. */
#include "io/io.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
    if (!good)
        abort();
}

static void put_row(struct sn_buf *b, char *const *cell, size_t cols, char delimiter)
{
    for (size_t c = 0; c < cols; c++) {
        if (c)
            sn_buf_add(b, &delimiter, 1);
        sn_csv_put(b, cell[c]);
    }
    sn_buf_puts(b, "\n");
}

/* A number that is read is written so that it reads back. */
static void number(const struct sn_csv *t, size_t row, int col)
{
    struct sn_error err;
    char text[32];
    double v, back;

    (void)sn_csv_is_na(sn_csv_cell(t, row, col));
    if (sn_csv_number(t, row, col, &v, &err))
        return;
    require(sn_parse_double(sn_format_double(v, text), &back) && memcmp(&v, &back, sizeof v) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sn_csv t, again;
    struct sn_error err;
    struct sn_buf b = { 0 };
    bool blank = false;

    if (sn_csv_parse(data, size, &t, &err))
        return 0;
    sn_buf_puts(&b, "\xef\xbb\xbf");
    put_row(&b, t.header, t.cols, t.delimiter);
    blank = t.cols == 1 && t.header[0][0] == '\0';
    for (size_t r = 0; r < t.rows; r++) {
        put_row(&b, t.cells + r * t.cols, t.cols, t.delimiter);
        for (size_t c = 0; c < t.cols && c < 8; c++)
            number(&t, r, (int)c);
        blank = blank || (t.cols == 1 && t.cells[r][0] == '\0'); /* becomes a blank line */
    }
    if (!blank && !b.failed) {
        require(sn_csv_parse(b.data, b.len, &again, &err) == SN_OK);
        require(again.rows == t.rows && again.cols == t.cols);
        for (size_t i = 0; i < t.rows * t.cols; i++)
            require(strcmp(t.cells[i], again.cells[i]) == 0);
        sn_csv_free(&again);
    }
    sn_buf_free(&b);
    sn_csv_free(&t);
    return 0;
}
