/* dispatch.c: fills a table of kernels for one machine from kernels.def. */
#include "kernels/kernels.h"

/* AVX-512 falls back to nothing: each operation has a row for each tier, checked below. */
int sn_kernels_pick(struct sn_kernels *k, enum sn_isa isa, bool fp64, struct sn_error *err)
{
    int want;

    if (isa == SN_ISA_AUTO)
        isa = fp64 ? SN_ISA_REF : sn_isa_best();
    if (!sn_isa_usable(isa))
        return SN_FAIL(err, SN_EMACHINE, "this machine has no %s, or this build was made without it", sn_isa_name(isa));
    if (fp64 && isa != SN_ISA_REF)
        return SN_FAIL(err, SN_EINVAL, "precision fp64 runs the portable kernels only: leave out --isa %s", sn_isa_name(isa));
    *k = (struct sn_kernels){ .isa = isa, .fp64 = fp64 };
    want = fp64 ? SN_ROW_F64 : (int)isa;
#define SN_KERNEL(op, ISA, fn)                                                                    \
    if (sn_row_isa(SN_ROW_##ISA) == want && (fp64 || sn_row_usable(SN_ROW_##ISA))) {              \
        k->op = fn;                                                                               \
        k->op##_name = #fn;                                                                       \
    }
#include "kernels/kernels.def"
#undef SN_KERNEL
#define SN_OP(op)                                                                                 \
    if (!k->op)                                                                                   \
        return SN_FAIL(err, SN_EINTERNAL, "kernels.def has no %s for %s", #op, sn_isa_name(isa));
#define SN_OP_I16(op)                                                                             \
    if (!k->op && !fp64)                                                                          \
        return SN_FAIL(err, SN_EINTERNAL, "kernels.def has no %s for %s", #op, sn_isa_name(isa));
#include "kernels/ops.def"
#undef SN_OP
    return SN_OK;
}
