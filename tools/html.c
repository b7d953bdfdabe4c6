/* html.c: page frame, escaping, base64, numbers for people. */
#include "tools/html.h"

#include <stdio.h>

static const char style[] =
    "body{font:16px/1.45 system-ui,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;color:#1b1f24;margin:0 "
    "auto;max-width:66rem;padding:0 1.2rem "
    "2rem}\n"
    "h1{font-size:1.5rem;margin:1rem 0 .3rem}h2{font-size:1.12rem;margin:1.6rem 0 .5rem;border-bottom:1px solid "
    "#d4d9df;padding-bottom:.2rem}\n"
    ".research{background:#7a1020;color:#fff;padding:.5rem 1rem;margin:0 -1.2rem;font-weight:600}.research "
    "span{font-weight:400}\n"
    ".label{background:#eef1f5;border-left:5px solid #5b6673;padding:.5rem .9rem;margin:.8rem 0}\n"
    ".review{background:#fff3d6;border:2px solid #c77700;border-radius:4px;padding:.6rem 1rem;margin:.9rem 0}\n"
    ".review h2{border:0;margin:0;color:#8a4b00}.review ul{margin:.4rem 0 .2rem;padding-left:1.3rem}\n"
    ".ok{background:#eaf5ec;border:1px solid #7bb386;border-radius:4px;padding:.5rem 1rem;margin:.9rem 0}\n"
    ".risk{display:flex;flex-wrap:wrap;gap:1.5rem;align-items:center;margin:.8rem 0}.risk "
    "b{font-size:2.4rem;font-variant-numeric:tabular-nums}\n"
    ".risk.doubt b{color:#8a8f96}dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem;margin:.4rem "
    "0}dt{color:#57606a}dd{margin:0}\n"
    "table{border-collapse:collapse;width:100%;font-size:.92rem}th,td{text-align:left;padding:.3rem "
    ".6rem;border-bottom:1px solid "
    "#e2e6ea;vertical-align:top}th{color:#57606a;font-weight:600}td.n,th.n{text-align:right;font-variant-numeric:"
    "tabular-nums}\n"
    "tr.sum td{border-top:2px solid #57606a;font-weight:600}tr.bad td{background:#fff3d6}\n"
    ".bar{display:inline-block;position:relative;width:11rem;height:.8rem;background:#f0f2f5;vertical-align:middle}."
    "bar "
    "i{position:absolute;top:0;bottom:0}.bar u{position:absolute;left:50%;top:-2px;bottom:-2px;border-left:1px solid "
    "#57606a}\n"
    ".row{display:flex;flex-wrap:wrap;gap:1.2rem;align-items:flex-start}figure{margin:0;flex:1 1 "
    "17rem;min-width:0}figure "
    "img{max-width:100%;max-height:30rem;display:block;border:1px solid "
    "#d4d9df;image-rendering:auto}figcaption{font-size:.86rem;color:#444c56;margin-top:.3rem}\n"
    ".digest td,.digest th{font-size:.78rem}code{font:.92em ui-monospace,'DejaVu Sans "
    "Mono',monospace;overflow-wrap:anywhere}\n"
    ".small{font-size:.86rem;color:#444c56}\n"
    ".grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(24rem,1fr));gap:1.2rem;align-items:start}figure "
    "svg{max-width:100%;height:auto;display:block;border:1px solid #d4d9df}figure.wide{margin:.6rem 0}\n"
    ".claim{border:1px solid #5b6673;border-left-width:6px;padding:.5rem .9rem;margin:.7rem 0}.claim "
    "b:first-child{display:block}.claim.no{border-color:#c77700;background:#fff9ec}.claim.yes{border-color:#2f7d46;background:#f2faf4}\n"
    "table.tight td.n,table.tight th.n{padding:.25rem .45rem}table.tight td{white-space:nowrap}.ci{display:block;font-size:.84em;color:#57606a}\n"
    "h3{font-size:1rem;margin:1.1rem 0 .3rem}.ref{font-weight:400;font-size:.8rem;color:#57606a}.scroll{overflow-x:auto}\n"
    ".small{font-size:.86rem;color:#444c56}svg{max-width:100%;height:auto}\n"
    "@media print{body{font-size:12px;max-width:none}.research,.review,.ok,.label,.bar,.bar "
    "i{-webkit-print-color-adjust:exact;"
    "print-color-adjust:exact}figure,tr,.review{break-inside:avoid}h2{break-after:avoid}figure "
    "img{max-height:16rem}.grid{grid-template-columns:1fr 1fr}.claim{break-inside:avoid}table.tight{font-size:9.5px}.scroll{overflow:visible}h3{break-after:avoid}.page{break-before:page}.claim{"
    "-webkit-print-color-adjust:exact;print-color-adjust:exact}figure svg{max-height:23cm}@page{size:A4;margin:14mm}}\n";

void sn_html_begin(struct sn_buf *b, const char *title)
{
    sn_buf_puts(b, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                   "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>");
    sn_html_text(b, title);
    sn_buf_puts(b, "</title>\n<style>\n");
    sn_buf_puts(b, style);
    sn_buf_puts(b, "</style></head><body>\n<div class=\"research\">RESEARCH USE ONLY <span>&middot; " SN_NOT_A_DEVICE
                   "</span></div>\n");
}

void sn_html_end(struct sn_buf *b)
{
    sn_buf_puts(b, "<p class=\"small\">sentinode " SN_VERSION " &middot; " SN_RESEARCH_NOTICE "</p>\n</body></html>\n");
}

/* Length of the UTF-8 sequence at s (NUL-terminated), 0 when it is none; overlong forms do no harm in a page. */
static size_t sequence(const char *s)
{
    unsigned char c = (unsigned char)*s;
    size_t n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;

    for (size_t i = 1; i < n; i++)
        if (((unsigned char)s[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

void sn_html_text(struct sn_buf *b, const char *s)
{
    while (*s) {
        size_t n = sequence(s);

        if (*s == '&')
            sn_buf_puts(b, "&amp;");
        else if (*s == '<')
            sn_buf_puts(b, "&lt;");
        else if (*s == '>')
            sn_buf_puts(b, "&gt;");
        else if (*s == '"')
            sn_buf_puts(b, "&quot;");
        else if (n == 0 || (unsigned char)*s < 0x20 || *s == 0x7f)
            sn_buf_puts(b, *s == '\n' ? "\n" : "?");
        else
            sn_buf_add(b, s, n);
        s += n ? n : 1;
    }
}

void sn_html_base64(struct sn_buf *b, const void *data, size_t n)
{
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *p = data;

    for (size_t i = 0; i < n; i += 3) {
        size_t left = n - i;
        uint32_t v =
            (uint32_t)p[i] << 16 | (left > 1 ? (uint32_t)p[i + 1] << 8 : 0) | (left > 2 ? (uint32_t)p[i + 2] : 0);
        char out[4] = { digit[v >> 18], digit[v >> 12 & 63], left > 1 ? digit[v >> 6 & 63] : '=',
                        left > 2 ? digit[v & 63] : '=' };

        sn_buf_add(b, out, 4);
    }
}

void sn_html_png(struct sn_buf *b, const struct sn_buf *png, const char *alt, const char *caption)
{
    sn_buf_puts(b, "<figure><img alt=\"");
    sn_html_text(b, alt);
    sn_buf_puts(b, "\" src=\"data:image/png;base64,");
    sn_html_base64(b, png->data, png->len);
    sn_buf_puts(b, "\"><figcaption>");
    sn_buf_puts(b, caption);
    sn_buf_puts(b, "</figcaption></figure>\n");
}

const char *sn_rough(double v, char *buf)
{
    double a = v < 0 ? -v : v;
    int e = 0, digits;

    if (!(a > 1e-300 && a < 1e300)) {
        (void)snprintf(buf, 48, "%s", a == 0.0 ? "0" : "-");
        return buf;
    }
    for (; a < 1.0; a *= 10.0)
        e--;
    for (; a >= 10.0; a /= 10.0)
        e++;
    digits = (int)(10.0 * a + 0.5);
    if (digits == 100) {
        digits = 10;
        e++;
    }
    (void)snprintf(buf, 48, "%s%d.%de%d", v < 0 ? "-" : "", digits / 10, digits % 10, e);
    return buf;
}
