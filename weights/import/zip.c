/*
 * zip.c: the directory of a zip file as torch.save writes it: stored entries, sizes in the central
 * directory (the local headers may defer them to data descriptors), zip64 where needed.
 * Layout after APPNOTE.TXT 6.3.10, sections 4.3.7 to 4.3.16.
 */
#include "weights/import/import.h"

#include <stdlib.h>

enum {
    LOCAL_SIG = 0x04034b50, CENTRAL_SIG = 0x02014b50, END_SIG = 0x06054b50,
    END64_SIG = 0x06064b50, LOCATOR64_SIG = 0x07064b50,
    LOCAL_FIXED = 30, CENTRAL_FIXED = 46, END_FIXED = 22, END64_FIXED = 56, LOCATOR64_FIXED = 20,
    FLAG_ENCRYPTED = 1, FLAG_DESCRIPTOR = 8, FLAG_PATCH = 0x20, FLAG_STRONG = 0x40,
    ZIP_MAX_ENTRIES = 65536 + 64
};

#define BAD(err, ...) SN_FAIL((err), SN_EFORMAT, "zip: " __VA_ARGS__)

/* Where the directory is and how much of it there is. */
struct end {
    uint64_t entries, size, offset;
    size_t at; /* of the first end record */
};

/* The end record closes the file; its comment, at most 65535 bytes, ends exactly there. */
static int find_end(const uint8_t *p, size_t size, size_t *at, struct sn_error *err)
{
    for (size_t back = END_FIXED; back <= size && back <= END_FIXED + 65535u; back++)
        if (sn_le32(p + size - back) == END_SIG && sn_le16(p + size - back + 20) == back - END_FIXED) {
            *at = size - back;
            return SN_OK;
        }
    return BAD(err, "no end-of-directory record in the last 64 KiB: truncated, or bytes were appended");
}

static int read_end(const uint8_t *p, size_t size, struct end *e, struct sn_error *err)
{
    size_t at = 0;
    uint64_t at64;

    SN_TRY(find_end(p, size, &at, err));
    if (sn_le16(p + at + 4) || sn_le16(p + at + 6) || sn_le16(p + at + 8) != sn_le16(p + at + 10))
        return SN_FAIL(err, SN_EUNSUPPORTED, "zip: archive in several parts (byte %zu)", at);
    *e = (struct end){ sn_le16(p + at + 10), sn_le32(p + at + 12), sn_le32(p + at + 16), at };
    if (at < LOCATOR64_FIXED || sn_le32(p + at - LOCATOR64_FIXED) != LOCATOR64_SIG)
        return SN_OK;
    at64 = sn_le64(p + at - LOCATOR64_FIXED + 8);
    if (at < LOCATOR64_FIXED + END64_FIXED || at64 > at - LOCATOR64_FIXED - END64_FIXED ||
        sn_le32(p + at64) != END64_SIG)
        return BAD(err, "zip64 end record is not where byte %zu says", at - LOCATOR64_FIXED + 8);
    p += at64;
    if (sn_le64(p + 4) != at - LOCATOR64_FIXED - at64 - 12 || sn_le32(p + 16) || sn_le32(p + 20) ||
        sn_le64(p + 24) != sn_le64(p + 32))
        return BAD(err, "zip64 end record at byte %llu contradicts itself", (unsigned long long)at64);
    if ((e->entries != 0xffff && e->entries != sn_le64(p + 32)) ||
        (e->size != 0xffffffffu && e->size != sn_le64(p + 40)) ||
        (e->offset != 0xffffffffu && e->offset != sn_le64(p + 48)))
        return BAD(err, "the two end records at bytes %llu and %zu disagree", (unsigned long long)at64, at);
    *e = (struct end){ sn_le64(p + 32), sn_le64(p + 40), sn_le64(p + 48), (size_t)at64 };
    return SN_OK;
}

/* 64-bit values from the extra field, in the order of the 32-bit ones that are all ones. */
static int read_extra64(const uint8_t *p, size_t n, uint64_t *const want[], int count, size_t at,
                        struct sn_error *err)
{
    int need = 0, got = 0;

    for (int i = 0; i < count; i++)
        need += *want[i] == 0xffffffffu;
    while (need && n >= 4 && sn_le16(p + 2) <= n - 4) {
        size_t len = sn_le16(p + 2);

        if (sn_le16(p) == 1) {
            if (len < (size_t)need * 8)
                break;
            for (int i = 0; i < count; i++)
                if (*want[i] == 0xffffffffu)
                    *want[i] = sn_le64(p + 4 + 8 * (size_t)got++);
            return SN_OK;
        }
        p += 4 + len;
        n -= 4 + len;
    }
    return need ? BAD(err, "entry at byte %zu lacks its 64-bit sizes", at) : SN_OK;
}

struct central {
    uint64_t size, packed, offset;
    uint16_t flags, method;
    size_t name_len;
};

/* The local header must tell the same story as the directory: a file with two stories is refused. */
static int check_local(const uint8_t *p, size_t limit, const struct central *c, struct zip_entry *e, size_t *end,
                       struct sn_error *err)
{
    size_t at = (size_t)c->offset, data;

    if (c->offset > limit || limit - at < LOCAL_FIXED || sn_le32(p + at) != LOCAL_SIG)
        return BAD(err, "no local header at byte %llu", (unsigned long long)c->offset);
    data = at + LOCAL_FIXED + sn_le16(p + at + 26) + sn_le16(p + at + 28);
    if (data > limit || e->size > limit - data)
        return BAD(err, "entry at byte %zu of %zu bytes reaches into the directory", at, e->size);
    if (sn_le16(p + at + 6) != c->flags || sn_le16(p + at + 8) != c->method ||
        sn_le16(p + at + 26) != c->name_len || memcmp(p + at + LOCAL_FIXED, e->name, e->name_len) != 0)
        return BAD(err, "local header at byte %zu contradicts the directory", at);
    if (!(c->flags & FLAG_DESCRIPTOR) &&
        (sn_le32(p + at + 14) != e->crc32 ||
         (sn_le32(p + at + 18) != 0xffffffffu && sn_le32(p + at + 18) != e->size) ||
         (sn_le32(p + at + 22) != 0xffffffffu && sn_le32(p + at + 22) != e->size)))
        return BAD(err, "size or CRC in the local header at byte %zu contradicts the directory", at);
    e->data = p + data;
    *end = data + e->size;
    return SN_OK;
}

static int read_central(const uint8_t *p, struct sn_bytes *b, struct zip_entry *e, size_t *end, size_t limit,
                        struct sn_error *err)
{
    const uint8_t *q = b->data + b->pos;
    size_t at = b->pos, extra, comment;
    struct central c = { 0 };
    uint64_t *const want[3] = { &c.size, &c.packed, &c.offset };

    if (sn_left(b) < CENTRAL_FIXED || sn_le32(q) != CENTRAL_SIG)
        return BAD(err, "no directory entry at byte %zu", at);
    c = (struct central){ .size = sn_le32(q + 24), .packed = sn_le32(q + 20), .offset = sn_le32(q + 42),
                          .flags = sn_le16(q + 8), .method = sn_le16(q + 10), .name_len = sn_le16(q + 28) };
    extra = sn_le16(q + 30);
    comment = sn_le16(q + 32);
    if (sn_left(b) - CENTRAL_FIXED < c.name_len + extra + comment)
        return BAD(err, "directory entry at byte %zu ends outside the directory", at);
    *e = (struct zip_entry){
        .name = (const char *)q + CENTRAL_FIXED, .name_len = c.name_len, .crc32 = sn_le32(q + 16)
    };
    SN_TRY(read_extra64(q + CENTRAL_FIXED + c.name_len, extra, want, 3, at, err));
    b->pos += CENTRAL_FIXED + c.name_len + extra + comment;
    if (c.flags & (FLAG_ENCRYPTED | FLAG_STRONG | FLAG_PATCH))
        return SN_FAIL(err, SN_EUNSUPPORTED, "zip: entry at byte %zu is encrypted or a patch (flags 0x%04x)", at,
                       c.flags);
    if (c.method != 0)
        return SN_FAIL(err, SN_EUNSUPPORTED, "zip: entry at byte %zu is compressed (method %u); torch.save stores", at,
                       c.method);
    if (c.size != c.packed || c.size > SIZE_MAX)
        return BAD(err, "stored entry at byte %zu has two different sizes", at);
    if (c.offset < *end)
        return BAD(err, "entry at byte %zu overlaps the one before or is out of order", at);
    e->size = (size_t)c.size;
    return check_local(p, limit, &c, e, end, err);
}

static int compare(const char *a, size_t an, const char *b, size_t bn)
{
    int c = memcmp(a, b, SN_MIN(an, bn));

    return c ? c : an < bn ? -1 : an > bn;
}

static int by_name(const void *a, const void *b)
{
    const struct zip_entry *x = a, *y = b;

    return compare(x->name, x->name_len, y->name, y->name_len);
}

int zip_open(const uint8_t *data, size_t size, struct sn_arena *a, struct zip_dir *z, struct sn_error *err)
{
    struct end e = { 0 };
    struct sn_bytes b;
    size_t end = 0;

    *z = (struct zip_dir){ 0 };
    SN_TRY(read_end(data, size, &e, err));
    if (e.offset > e.at || e.size != e.at - e.offset)
        return BAD(err, "directory of %llu bytes at byte %llu does not end at byte %zu", (unsigned long long)e.size,
                   (unsigned long long)e.offset, e.at);
    if (e.entries > ZIP_MAX_ENTRIES || e.entries > e.size / CENTRAL_FIXED)
        return BAD(err, "%llu entries do not fit a directory of %llu bytes", (unsigned long long)e.entries,
                   (unsigned long long)e.size);
    if (e.entries == 0)
        return BAD(err, "archive is empty");
    z->v = sn_arena_get(a, (size_t)e.entries * sizeof *z->v, err);
    if (!z->v)
        return err ? err->code : SN_ENOMEM;
    b = (struct sn_bytes){ data, e.at, (size_t)e.offset };
    for (; z->n < e.entries; z->n++)
        SN_TRY(read_central(data, &b, &z->v[z->n], &end, (size_t)e.offset, err));
    if (sn_left(&b))
        return BAD(err, "%zu bytes after the last directory entry, at byte %zu", sn_left(&b), b.pos);
    qsort(z->v, z->n, sizeof *z->v, by_name);
    for (size_t i = 1; i < z->n; i++)
        if (by_name(&z->v[i - 1], &z->v[i]) == 0)
            return BAD(err, "entry \"%.*s\" occurs twice", (int)SN_MIN(z->v[i].name_len, (size_t)200), z->v[i].name);
    return SN_OK;
}

struct zip_entry *zip_find(const struct zip_dir *z, const char *name, size_t len)
{
    size_t lo = 0, hi = z->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = compare(z->v[mid].name, z->v[mid].name_len, name, len);

        if (c == 0)
            return &z->v[mid];
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

int zip_check(struct zip_entry *e, struct sn_error *err)
{
    uint32_t crc;

    if (e->checked)
        return SN_OK;
    crc = sn_crc32(0, e->data, e->size);
    if (crc != e->crc32)
        return BAD(err, "entry \"%.*s\" has CRC-32 %08x, the directory says %08x",
                   (int)SN_MIN(e->name_len, (size_t)200), e->name, (unsigned)crc, (unsigned)e->crc32);
    e->checked = true;
    return SN_OK;
}
