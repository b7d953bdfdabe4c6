/* font.c: letters of 5x7 pixels, drawn for this program. */
#include "tools/font.h"

/* A row is five bits, the highest at the left. */
static const struct glyph {
    char ch;
    uint8_t row[SN_FONT_HEIGHT];
} glyphs[] = {
    { ' ', { 0, 0, 0, 0, 0, 0, 0 } },        { '%', { 24, 25, 2, 4, 8, 19, 3 } },
    { '(', { 2, 4, 8, 8, 8, 4, 2 } },        { ')', { 8, 4, 2, 2, 2, 4, 8 } },
    { ',', { 0, 0, 0, 0, 12, 4, 8 } },       { '-', { 0, 0, 0, 14, 0, 0, 0 } },
    { '.', { 0, 0, 0, 0, 0, 12, 12 } },      { '/', { 1, 1, 2, 4, 8, 16, 16 } },
    { '0', { 14, 17, 19, 21, 25, 17, 14 } }, { '1', { 4, 12, 4, 4, 4, 4, 14 } },
    { '2', { 14, 17, 1, 2, 4, 8, 31 } },     { '3', { 31, 2, 4, 2, 1, 17, 14 } },
    { '4', { 2, 6, 10, 18, 31, 2, 2 } },     { '5', { 31, 16, 30, 1, 1, 17, 14 } },
    { '6', { 6, 8, 16, 30, 17, 17, 14 } },   { '7', { 31, 1, 2, 4, 4, 4, 4 } },
    { '8', { 14, 17, 17, 14, 17, 17, 14 } }, { '9', { 14, 17, 17, 15, 1, 2, 12 } },
    { ':', { 0, 12, 12, 0, 12, 12, 0 } },    { 'A', { 14, 17, 17, 31, 17, 17, 17 } },
    { 'B', { 30, 17, 17, 30, 17, 17, 30 } }, { 'C', { 14, 17, 16, 16, 16, 17, 14 } },
    { 'D', { 30, 17, 17, 17, 17, 17, 30 } }, { 'E', { 31, 16, 16, 30, 16, 16, 31 } },
    { 'F', { 31, 16, 16, 30, 16, 16, 16 } }, { 'G', { 14, 17, 16, 23, 17, 17, 15 } },
    { 'H', { 17, 17, 17, 31, 17, 17, 17 } }, { 'I', { 14, 4, 4, 4, 4, 4, 14 } },
    { 'J', { 7, 2, 2, 2, 2, 18, 12 } },      { 'K', { 17, 18, 20, 24, 20, 18, 17 } },
    { 'L', { 16, 16, 16, 16, 16, 16, 31 } }, { 'M', { 17, 27, 21, 21, 17, 17, 17 } },
    { 'N', { 17, 25, 21, 19, 17, 17, 17 } }, { 'O', { 14, 17, 17, 17, 17, 17, 14 } },
    { 'P', { 30, 17, 17, 30, 16, 16, 16 } }, { 'Q', { 14, 17, 17, 17, 21, 18, 13 } },
    { 'R', { 30, 17, 17, 30, 20, 18, 17 } }, { 'S', { 15, 16, 16, 14, 1, 1, 30 } },
    { 'T', { 31, 4, 4, 4, 4, 4, 4 } },       { 'U', { 17, 17, 17, 17, 17, 17, 14 } },
    { 'V', { 17, 17, 17, 17, 17, 10, 4 } },  { 'W', { 17, 17, 17, 21, 21, 27, 17 } },
    { 'X', { 17, 17, 10, 4, 10, 17, 17 } },  { 'Y', { 17, 17, 10, 4, 4, 4, 4 } },
    { 'Z', { 31, 1, 2, 4, 8, 16, 31 } },     { '_', { 0, 0, 0, 0, 0, 0, 31 } },
};
static const struct glyph unknown = { '?', { 31, 17, 17, 17, 17, 17, 31 } };

static const struct glyph *find(char ch)
{
    if (ch >= 'a' && ch <= 'z')
        ch = (char)(ch - 'a' + 'A');
    for (size_t i = 0; i < SN_COUNT(glyphs); i++)
        if (glyphs[i].ch == ch)
            return &glyphs[i];
    return &unknown;
}

static void block(struct sn_image *im, int x, int y, int side, const uint8_t colour[3])
{
    for (int j = y; j < y + side; j++)
        for (int i = x; i < x + side; i++)
            if (i >= 0 && j >= 0 && i < (int)im->width && j < (int)im->height)
                memcpy((uint8_t *)im->data + 3 * ((size_t)j * im->width + (size_t)i), colour, 3);
}

void sn_draw_text(struct sn_image *im, int x, int y, int scale, int width, const char *text, const uint8_t colour[3])
{
    int end = x + width;

    for (; *text && x + (SN_FONT_STEP - 1) * scale <= end; text++, x += SN_FONT_STEP * scale) {
        const struct glyph *g = find(*text);

        for (int j = 0; j < SN_FONT_HEIGHT; j++)
            for (int i = 0; i < 5; i++)
                if (g->row[j] >> (4 - i) & 1)
                    block(im, x + i * scale, y + j * scale, scale, colour);
    }
}
