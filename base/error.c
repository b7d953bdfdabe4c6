/* error.c: one error type, one place that maps it to a process exit code. */
#include "base/base.h"

#include <stdio.h>

int sn_fail(struct sn_error *err, int code, const char *fmt, ...)
{
    if (err) {
        va_list ap;

        err->code = code;
        va_start(ap, fmt);
        (void)vsnprintf(err->msg, sizeof err->msg, fmt, ap);
        va_end(ap);
        for (char *c = err->msg; *c; c++) /* names come from files: keep the message one line */
            if ((unsigned char)*c < 0x20 || *c == 0x7f)
                *c = '?';
    }
    return code;
}

int sn_fail_context(struct sn_error *err, int code, const char *fmt, ...)
{
    struct sn_error old;
    va_list ap;
    size_t n;

    if (!err)
        return code;
    old = *err;
    va_start(ap, fmt);
    (void)vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    n = strlen(err->msg);
    (void)snprintf(err->msg + n, sizeof err->msg - n, ": %s", old.msg);
    return old.code ? old.code : code;
}

int sn_exit_code(int status)
{
    switch (status) {
    case SN_OK:           return 0;
    case SN_EINVAL:       return 2;
    case SN_EIO:
    case SN_EFORMAT:
    case SN_EUNSUPPORTED:
    case SN_ELIMIT:       return 3;
    case SN_EMODEL:       return 4;
    case SN_ENOMEM:
    case SN_EMACHINE:     return 5;
    default:              return 70;
    }
}
