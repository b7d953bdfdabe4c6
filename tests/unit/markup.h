/*
 * markup.h: is a page well formed? A small strict reader for SVG and for the HTML we write: every
 * element closed in order, attributes quoted and not repeated, only known entities, no stray '<' or
 * '&'. Included by the test programs that need it.
 */
#ifndef SN_TEST_MARKUP_H
#define SN_TEST_MARKUP_H

#include "tests/support/support.h"

#include <stdio.h>
#include <stdlib.h>

struct markup {
    const char *at, *start;
    char open[64][24]; /* elements not yet closed */
    int depth;
    size_t elements;
};

#define markup_need(m, cond, what) ck_assert_msg(cond, "%s at byte %zu: %.60s", what, (size_t)((m)->at - (m)->start), (m)->at)

static bool markup_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == ':' || c == '_';
}

static size_t markup_name(struct markup *m, char *out, size_t room)
{
    size_t n = 0;

    while (markup_name_char(m->at[n]))
        n++;
    markup_need(m, n > 0 && n < room, "a name is expected");
    memcpy(out, m->at, n);
    out[n] = '\0';
    m->at += n;
    return n;
}

static void markup_entity(struct markup *m)
{
    static const char *const known[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&nbsp;", "&middot;", "&minus;", "&ge;", "&le;", "&times;", "&ndash;", "&#9888;" };

    for (size_t i = 0; i < SN_COUNT(known); i++)
        if (strncmp(m->at, known[i], strlen(known[i])) == 0) {
            m->at += strlen(known[i]);
            return;
        }
    markup_need(m, false, "unknown entity");
}

static void markup_text(struct markup *m, char until)
{
    while (*m->at && *m->at != until) {
        markup_need(m, (unsigned char)*m->at >= 0x20 || *m->at == '\n', "control character");
        markup_need(m, until == '"' || *m->at != '>', "stray >");
        if (*m->at == '&')
            markup_entity(m);
        else
            m->at++;
    }
}

static void markup_attributes(struct markup *m)
{
    char seen[32][32];
    int n = 0;

    while (*m->at == ' ' || *m->at == '\n') {
        m->at++;
        if (*m->at == '/' || *m->at == '>')
            return;
        markup_need(m, n < 32, "many attributes");
        (void)markup_name(m, seen[n], sizeof seen[0]);
        for (int i = 0; i < n; i++)
            markup_need(m, strcmp(seen[i], seen[n]) != 0, "attribute given twice");
        n++;
        if (*m->at != '=') /* HTML's "hidden", "open" */
            continue;
        markup_need(m, m->at[1] == '"', "unquoted attribute");
        m->at += 2;
        markup_text(m, '"');
        markup_need(m, *m->at == '"', "open attribute");
        m->at++;
    }
}

static bool markup_void(const char *name)
{
    static const char *const names[] = { "meta", "img", "br", "hr", "col", "link" };

    for (size_t i = 0; i < SN_COUNT(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static void markup_element(struct markup *m, bool html)
{
    char name[24];
    bool close = m->at[1] == '/';

    m->at += 1 + close;
    (void)markup_name(m, name, sizeof name);
    if (close) {
        markup_need(m, m->depth > 0 && strcmp(m->open[m->depth - 1], name) == 0, "closing what is not open");
        m->depth--;
    } else {
        m->elements++;
        markup_attributes(m);
        if (*m->at == '/')
            m->at++;
        else if (!(html && markup_void(name))) {
            markup_need(m, m->depth < 64, "too deep");
            strcpy(m->open[m->depth++], name);
        }
    }
    markup_need(m, *m->at == '>', "> is expected");
    m->at++;
    if (html && !close && strcmp(name, "style") == 0) {
        m->at = strstr(m->at, "</style>");
        ck_assert_ptr_nonnull(m->at);
    }
}

/* Number of elements. */
static size_t markup_check(const char *text, size_t n, bool html)
{
    struct markup m = { .at = text, .start = text };

    ck_assert_uint_eq(strlen(text), n);
    if (html) {
        ck_assert_int_eq(strncmp(text, "<!DOCTYPE html>\n", 16), 0);
        m.at += 16;
    }
    while (*m.at) {
        if (*m.at == '<')
            markup_element(&m, html);
        else
            markup_text(&m, '<');
    }
    ck_assert_msg(m.depth == 0, "<%s> is still open at the end", m.depth ? m.open[m.depth - 1] : "");
    return m.elements;
}

#endif
