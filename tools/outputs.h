/*
 * outputs.h: the files a command writes into one folder: all of them, or none. They are filled in memory first; when one
 * cannot be written, those already written are removed again. Each appears whole (base's sn_file_write).
 */
#ifndef SN_TOOLS_OUTPUTS_H
#define SN_TOOLS_OUTPUTS_H

#include "base/base.h"

#define SN_OUTPUT_NAME 256

struct sn_outputs {
    struct sn_output {
        char name[SN_OUTPUT_NAME]; /* may begin with one sub-folder: "figures/roc.svg" */
        struct sn_buf data;
    } *file;
    size_t n, room;
    bool failed;          /* sticky: memory ran out, also in a buffer taken */
};
/* Takes over what b holds and empties b. A name that is taken already gets a number: "roc-2.svg". */
void sn_outputs_take(struct sn_outputs *o, const char *name, struct sn_buf *b);
/* Writes them in the order taken: the file that says a folder is complete goes last. Creates dir. */
int sn_outputs_write(const struct sn_outputs *o, const char *dir, struct sn_error *err);
void sn_outputs_free(struct sn_outputs *o); /* a zeroed one is fine */

#endif
