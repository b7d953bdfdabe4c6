/*
 * demo_pack.c: the pack of weights/demo as a part of the program, so that one copied file is enough.
 * Where there is such a pack the Makefile defines SN_DEMO_PACK: the name of a list it writes, one
 * line a file: SN_DEMO_FILE(number, "name").
 */
#include "tools/pack.h"

#ifdef SN_DEMO_PACK

/* The assembler takes the bytes in. On 64: what tensors in a mapped file can count on (weights/FORMAT.md). */
#define SN_DEMO_FILE(k, name)                                                                                          \
    extern const uint8_t sn_demo_##k[], sn_demo_end_##k[];                                                             \
    __asm__(".pushsection .rodata\n"                                                                                   \
            ".balign 64\n"                                                                                             \
            ".globl sn_demo_" #k ", sn_demo_end_" #k "\n"                                                              \
            ".hidden sn_demo_" #k ", sn_demo_end_" #k "\n"                                                             \
            "sn_demo_" #k ":\n"                                                                                        \
            ".incbin \"weights/demo/" name "\"\n"                                                                      \
            "sn_demo_end_" #k ":\n"                                                                                    \
            ".byte 0\n"                                                                                                \
            ".popsection\n");
#include SN_DEMO_PACK
#undef SN_DEMO_FILE

struct sn_pack_source sn_pack_embedded(void)
{
#define SN_DEMO_FILE(k, name) { name, sn_demo_##k, sn_demo_end_##k },
    static const struct sn_pack_file files[] = {
#include SN_DEMO_PACK
    };
#undef SN_DEMO_FILE

    return (struct sn_pack_source){ .files = files, .n_files = SN_COUNT(files) };
}

#else

struct sn_pack_source sn_pack_embedded(void) { return (struct sn_pack_source){ 0 }; }

#endif
