/*
 * dicom_write.h: DICOM files (PS3.5, PS3.10) out: explicit little endian data sets on a sn_buf, and the
 * unique identifiers that go into them. What the objects are made of is in dicom_make.h.
 *
 * The writer's own mistakes (tags out of order, a value its VR does not allow, an open sequence) are
 * sticky, like a buffer's: sn_dicom_writer_end reports the first one as SN_EINTERNAL with its tag.
 */
#ifndef SN_DICOM_WRITE_H
#define SN_DICOM_WRITE_H

#include "io/dicom.h"

/* Levels, two for each sequence within another; the reader's depth and room to spare. */
#define SN_DICOM_WRITE_DEPTH (2 * SN_DICOM_MAX_DEPTH + 4)
#define SN_DICOM_UID 65 /* bytes for a UID and its NUL (PS3.5, 9.1) */
#define SN_DICOM_EXPLICIT_LE "1.2.840.10008.1.2.1"

struct sn_dicom_writer {
    struct sn_buf *out;                     /* borrowed */
    int depth;                              /* even: in a data set or item; odd: between the items of a sequence */
    size_t length_at[SN_DICOM_WRITE_DEPTH]; /* where the open sequence's or item's length lies */
    uint32_t last[SN_DICOM_WRITE_DEPTH];    /* tag before, in the data set of this depth */
    const char *fault;                      /* NULL: none; a literal */
    uint32_t fault_tag;
};

void sn_dicom_writer_begin(struct sn_dicom_writer *w, struct sn_buf *out);
int sn_dicom_writer_end(struct sn_dicom_writer *w, struct sn_error *err);

/*
 * Elements, in ascending order of their tags within each data set. `vr` is two letters; odd lengths are
 * padded as the VR wants (PS3.5, 6.2: UI, OB and UN with NUL, text with a space).
 */
void sn_dicom_put(struct sn_dicom_writer *w, uint32_t tag, const char *vr, const void *value, size_t n);
/* Several values are separated by backslashes; NULL: empty. Checked against the VR's characters and length. */
void sn_dicom_put_text(struct sn_dicom_writer *w, uint32_t tag, const char *vr, const char *s);
/* One value from elsewhere (a pack's words): cut to the VR's length, what is not plain ASCII becomes '?'. */
void sn_dicom_put_label(struct sn_dicom_writer *w, uint32_t tag, const char *vr, const char *s);
void sn_dicom_put_us(struct sn_dicom_writer *w, uint32_t tag, unsigned v);
void sn_dicom_put_us3(struct sn_dicom_writer *w, uint32_t tag, unsigned a, unsigned b, unsigned c);
void sn_dicom_put_ul(struct sn_dicom_writer *w, uint32_t tag, const uint32_t *v, size_t n);
void sn_dicom_put_at(struct sn_dicom_writer *w, uint32_t tag, uint32_t v);
void sn_dicom_put_is(struct sn_dicom_writer *w, uint32_t tag, long v);
/* The shortest text that reads back as the same double; fewer digits where that is more than a DS's 16 characters. */
void sn_dicom_put_ds(struct sn_dicom_writer *w, uint32_t tag, double v);
void sn_dicom_put_ds2(struct sn_dicom_writer *w, uint32_t tag, double a, double b);
void sn_dicom_put_fd(struct sn_dicom_writer *w, uint32_t tag, double v);
const char *sn_dicom_ds(double v, char buf[17]); /* the text of these; v finite */

/*
 * A value read from elsewhere, under its own tag and VR, n bytes in the byte order el says; little endian
 * when written. More bytes than a VR with 16-bit lengths takes become UN (PS3.5, 6.2.2). Not for sequences.
 */
void sn_dicom_put_value(struct sn_dicom_writer *w, const struct sn_dicom_element *el, const void *value, size_t n);

/* Sequences: open, items, close. Lengths are filled in when they are closed. */
void sn_dicom_open_sequence(struct sn_dicom_writer *w, uint32_t tag);
void sn_dicom_open_item(struct sn_dicom_writer *w);
void sn_dicom_close(struct sn_dicom_writer *w); /* the innermost sequence or item */
/* A sequence of one item. */
void sn_dicom_open_one(struct sn_dicom_writer *w, uint32_t tag);
void sn_dicom_close_one(struct sn_dicom_writer *w);

/* Appends a whole file: preamble, meta group (PS3.10, 7.1), data set, whose bytes `set` holds. syntax NULL: explicit LE. */
int sn_dicom_file(const char *sop_class, const char *sop_instance, const char *syntax, const struct sn_buf *set,
                  struct sn_buf *out, struct sn_error *err);

/*
 * "2.25." and a UUID as a decimal number (PS3.5, B.2): the first 128 bits of the digest, six of them set to
 * version 8 and variant 2 of RFC 9562. The same digest gives the same UID, on every machine.
 */
void sn_dicom_uid(const uint8_t digest[32], char uid[SN_DICOM_UID]);
/* ... of the SHA-256 over n strings, each with its NUL. */
void sn_dicom_uid_of(const char *const *parts, size_t n, char uid[SN_DICOM_UID]);

#endif
