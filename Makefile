# sentinode. `make` builds ./sentinode; `make demo` runs the main job; `make check` runs the tests.
# Variables: CC, CFLAGS and LDFLAGS (added last), OPENMP=1, WERROR=-Werror, PREFIX, DESTDIR, BUILD.
# The build fetches nothing.

CC      ?= cc
OPENMP  ?= 0
PREFIX  ?= /usr/local
BUILD   ?= build
OPT     ?= -O2

# -ffp-contract=off: a product and a sum are one operation only where the source says fma.
BASE_CFLAGS = -std=c11 -D_POSIX_C_SOURCE=200809L -I. $(OPT) -g -fPIC -ffp-contract=off -fno-math-errno -fno-trapping-math \
              -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes $(WERROR)
LDLIBS = -lm -pthread
ifeq ($(OPENMP),1)
BASE_CFLAGS += -fopenmp -DSN_OPENMP
LDLIBS += -fopenmp
endif

SRC_base    = error.c size.c arena.c sha256.c hash_x86.c crc32.c file.c buf.c cpu.c pool.c rng.c math.c
SRC_kernels = dispatch.c winograd_cut.c
SRC_ref     = conv_ref.c elementwise_ref.c spatial_ref.c winograd_ref.c
SRC_ref_i16 = i16_ref.c i16_weights.c
SRC_x86     = conv_avx2.c conv_avx512.c elementwise_avx2.c elementwise_avx512.c spatial_avx2.c spatial_avx512.c winograd_avx2.c winograd_avx512.c
SRC_x86    += i16_quantise_avx2.c i16_quantise_avx512.c i16_avx2.c i16_avx512.c i16_dot_avx2.c i16_dot_avx512.c
SRC_arm     = conv_neon.c elementwise_neon.c spatial_neon.c winograd_neon.c i16_quantise_neon.c i16_neon.c
SRC_weights = snw_read.c snw_write.c model.c
SRC_import  = import.c pickle.c globals.c zip.c torch.c safetensors.c
SRC_nets    = net.c registry.c resnet.c densenet.c deeplabv3.c unet.c unetpp.c
SRC_engine  = graph.c plan.c pack.c prepack.c steps.c exec.c i16.c
SRC_io      = image.c exif.c jpeg.c jpeg_markers.c jpeg_scan.c jpeg_huff.c jpeg_std.c jpeg_prog.c jpeg_smooth.c jpeg_lossless.c jpeg_out.c jpeg_ref.c \
              inflate.c deflate.c png.c png_rows.c png_write.c pnm.c bmp.c bmp_rle.c resize.c resize_pillow.c \
              resize_opencv.c npy.c csv.c number.c json_write.c json_read.c
SRC_dicom   = dicom.c dicom_value.c dicom_dict.c dicom_syntax.c dicom_text.c dicom_charset.c dicom_pixels.c dicom_native.c dicom_frames.c \
              dicom_rle.c dicom_jpeg.c dicom_colour.c dicom_palette.c dicom_voi.c dicom_us.c dicom_spacing.c dicom_marks.c dicom_image.c
SRC_dicom_out = dicom_write.c dicom_source.c dicom_seg.c dicom_sc.c dicom_sr.c deidentify.c deidentify_rules.c deidentify_pixels.c
SRC_stats   = logistic_apply.c nomogram.c
SRC_stats  += dist.c dist_families.c quantile.c bootstrap.c roc.c delong.c roc_boot.c proportions.c paired.c subgroup.c \
              reclass.c twosample.c
SRC_stats  += smooth.c loess.c loess_stats.c isotonic.c calibration.c calibration_groups.c calibration_curve.c \
              calibration_boot.c risk_spread.c recalibrate.c recalibrate_file.c dca.c dca_boot.c dca_validate.c
SRC_stats  += logistic_read.c qr.c glm.c rcs.c formula.c design.c infer.c select.c lasso.c validate.c
SRC_stats  += distance.c surface.c overlap.c tails.c agreement.c icc.c mrmc.c matched.c
SRC_fusion  = masks.c fuse.c staple.c region.c measure.c signature.c quality.c
SRC_tools   = cli.c cmd_convert.c cmd_prepack.c cmd_inspect.c inspect_plan.c cmd_infer.c cmd_bench.c phantom.c phantom_law.c cmd_phantom.c cmd_image.c image_dicom.c \
              conf.c pack_read.c pack_net.c pack_source.c demo_pack.c input.c pipeline.c classify.c cases.c risk.c draw.c html.c result_json.c report_html.c case_files.c \
              random_nets.c random_pack.c cmd_predict.c cmd_segment.c cmd_classify.c cmd_pack.c font.c cmd_sheet.c nomogram_svg.c cmd_nomogram.c cmd_recalibrate.c \
              cmd_deidentify.c dicom_out.c draw_caption.c
SRC_io     += gb18030.c gb18030_chart.c svg.c svg_plot.c
SRC_tools  += table.c figures.c figures_rows.c eval_data.c eval_fitted.c eval_run.c eval_roc.c eval_traits.c eval_models.c eval_pairs.c eval_groups.c \
              eval_json.c eval_csv.c eval_figures.c eval_text.c eval_html.c eval_tables.c cmd_evaluate.c
SRC_tools  += fit_data.c fit_run.c fit_dca.c fit_json.c fit_text.c cmd_fit.c
SRC_tools  += outputs.c dice_read.c dice_sum.c dice_out.c dice_svg.c cmd_dice.c \
              readers_read.c readers_roc.c readers_many.c readers_json.c readers_say.c readers_svg.c cmd_readers.c

SRC_bench   = bench.c bench_net.c bench_kernels.c bench_error.c bench_stats.c

paths = $(addprefix $(1)/,$(2))
LIB_SRC = $(call paths,base,$(SRC_base)) $(call paths,kernels,$(SRC_kernels)) $(call paths,kernels/ref,$(SRC_ref) $(SRC_ref_i16)) \
          $(call paths,weights,$(SRC_weights)) $(call paths,weights/import,$(SRC_import)) \
          $(call paths,nets,$(SRC_nets)) $(call paths,nets/engine,$(SRC_engine)) \
          $(call paths,io,$(SRC_io) $(SRC_dicom) $(SRC_dicom_out)) $(call paths,stats,$(SRC_stats)) $(call paths,fusion,$(SRC_fusion))
TOOL_SRC = $(call paths,tools,$(SRC_tools)) $(call paths,bench,$(SRC_bench))

# Which SIMD tiers this target can hold; which one runs is decided on the machine it runs on.
TARGET := $(shell $(CC) -dumpmachine 2>/dev/null)
ifneq (,$(filter x86_64-%,$(TARGET)))
LIB_SRC += $(call paths,kernels/x86,$(SRC_x86)) io/jpeg_avx2.c
TOOL_SRC += bench/peak_avx2.c bench/peak_avx512.c
endif
ifneq (,$(filter aarch64-%,$(TARGET)))
LIB_SRC += $(call paths,kernels/arm,$(SRC_arm))
TOOL_SRC += bench/peak_neon.c
BASE_CFLAGS += -DSN_HAVE_NEON
endif

# gcc claims there, for old code's sake, that float is computed in double; the machine does it in float.
ifneq (,$(filter s390x-%,$(TARGET)))
BASE_CFLAGS += -fexcess-precision=fast
endif

LIB_OBJ  = $(LIB_SRC:%.c=$(BUILD)/%.o) $(REF64_SRC:%.c=$(BUILD)/%.f64.o)
REF64_SRC = $(call paths,kernels/ref,$(SRC_ref))
TOOL_OBJ = $(TOOL_SRC:%.c=$(BUILD)/%.o)

# The test programs: one file, one suite, one binary.
CHECKS = $(basename $(notdir $(wildcard tests/unit/check_*.c tests/kernels/check_*.c tests/golden/check_*.c tests/regress/check_*.c)))
CHECKS_SHORT = $(filter-out check_long,$(CHECKS))
FUZZERS = $(basename $(notdir $(wildcard tests/fuzz/fuzz_*.c)))
vpath check_%.c tests/unit tests/kernels tests/golden tests/regress
vpath fuzz_%.c tests/fuzz

.PHONY: all lib demo check check-programs check-long check-asan check-ubsan check-tsan check-cross \
        bench static install clean lint fuzz FORCE

# The program lies at the top for the default build only, so that other builds do not replace it.
PROGRAM = $(if $(filter build,$(BUILD)),sentinode,$(BUILD)/sentinode)
all: $(PROGRAM)
$(PROGRAM): $(BUILD)/tools/main.o $(TOOL_OBJ) $(BUILD)/libsentinode.a
	$(call say,LD,$@)
	$(Q)$(CC) $(OPT) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/libsentinode.a: $(LIB_OBJ)
	@rm -f $@
	$(call say,AR,$@)
	$(Q)$(AR) rcs $@ $^

# `make V=1` shows whole commands.
Q = $(if $(V),,@)
say = $(if $(V),,@echo "  $(1)  $(2)")
FLAGS = $(BASE_CFLAGS) $(ISA_FLAGS) $(CFLAGS)
$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$<)
	$(Q)$(CC) $(FLAGS) -MMD -MP -c -o $@ $<
# The twins once more, in double: --precision fp64, the yardstick for accuracy.
$(BUILD)/%.f64.o: %.c
	@mkdir -p $(@D)
	$(call say,CC,$< in double)
	$(Q)$(CC) $(FLAGS) -DSN_FP64 -MMD -MP -c -o $@ $<

# The demonstration pack, where there is one, becomes part of the program (tools/demo_pack.c).
DEMO_FILES = $(if $(wildcard weights/demo/pack.conf),$(sort $(wildcard $(addprefix weights/demo/,pack.conf *.json *.csv *.snw))))
$(BUILD)/tools/demo_pack.o: $(BUILD)/demo_pack.inc $(DEMO_FILES)
$(BUILD)/tools/demo_pack.o: BASE_CFLAGS += $(if $(DEMO_FILES),-DSN_DEMO_PACK='"$(BUILD)/demo_pack.inc"')
# Looked at every time, written when the list changes: a pack that came or went rebuilds the object above.
$(BUILD)/demo_pack.inc: FORCE
	@mkdir -p $(@D)
	@k=0; for f in $(notdir $(DEMO_FILES)); do echo "SN_DEMO_FILE($$k, \"$$f\")"; k=$$((k + 1)); done > $@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi
FORCE:

# A speed claim names its flags.
$(BUILD)/bench/bench.o: BASE_CFLAGS += -DSN_BUILD_FLAGS='"$(strip $(OPT) -ffp-contract=off $(CFLAGS))"'
# Only these files may use wide registers.
$(BUILD)/%_avx2.o: ISA_FLAGS = -mavx2 -mfma
$(BUILD)/%_avx512.o: ISA_FLAGS = -mavx512f -mavx512dq -mavx512bw -mavx512vl -mfma -mprefer-vector-width=512

$(BUILD)/base/hash_x86.o: ISA_FLAGS = $(if $(filter x86_64-%,$(TARGET)),-msse4.2 -msha)

# Parsers are what fuzzing looks at; register tiles under a sanitizer take clang minutes to compile.
ifneq (,$(findstring fuzzer,$(CFLAGS)))
$(BUILD)/kernels/%.o: override CFLAGS := $(filter-out -fsanitize=%,$(CFLAGS))
endif

# ---- tests ---------------------------------------------------------------------------------
CHECK_CFLAGS = $(shell pkg-config --cflags check 2>/dev/null)
CHECK_LIBS   = $(shell pkg-config --libs check 2>/dev/null || echo -lcheck -lsubunit -lrt)
TEST_SUPPORT = $(BUILD)/tests/support/support.o
# Check's macros do not survive these two; our own headers are compiled with them elsewhere.
$(BUILD)/tests/%.o: BASE_CFLAGS += $(CHECK_CFLAGS) -Wno-conversion -Wno-shadow -Wno-missing-prototypes -Wno-pedantic -Wno-gnu-zero-variadic-macro-arguments

# malloc and its kin are wrapped (tests/support/alloc.h) so that these can fail the n-th allocation, or count.
ALLOC_CHECKS = check_nets check_alloc check_alloc_fit check_alloc_judge check_alloc_stats check_image_sweep check_dicom_alloc check_dicom_out_alloc
WRAP = -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=aligned_alloc,--wrap=free
.SECONDARY:
define CHECK_RULE
$(BUILD)/$(1): $(BUILD)/$(2:.c=.o) $(TEST_SUPPORT) $(if $(filter tests/golden/% tests/unit/check_nets.c,$(2)),$(BUILD)/tests/golden/synth.o) $(if $(filter $(ALLOC_CHECKS),$(1)),$(BUILD)/tests/support/alloc.o) $(TOOL_OBJ) $(BUILD)/libsentinode.a
	$$(call say,LD,$$@)
	$$(Q)$$(CC) $$(OPT) $$(CFLAGS) $$(LDFLAGS) $(if $(filter $(ALLOC_CHECKS),$(1)),$(WRAP)) -o $$@ $$^ $$(CHECK_LIBS) $$(LDLIBS)
endef
$(foreach s,$(wildcard tests/*/check_*.c),$(eval $(call CHECK_RULE,$(basename $(notdir $(s))),$(s))))

$(BUILD)/replay_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/tests/fuzz/replay.o $(TOOL_OBJ) $(BUILD)/libsentinode.a
	$(call say,LD,$@)
	$(Q)$(CC) $(OPT) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

CHECK_BINS = $(CHECKS_SHORT:%=$(BUILD)/%)
REPLAYS    = $(FUZZERS:fuzz_%=$(BUILD)/replay_%)
JOBS := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)

check:
	@CC="$(CC)" sh tests/need-check.sh
	@$(MAKE) --no-print-directory -j$(JOBS) check-programs
	@BUILD=$(BUILD) sh tests/run.sh $(CHECK_BINS) $(REPLAYS)
check-programs: $(PROGRAM) $(CHECK_BINS) $(REPLAYS)

# All full-width networks by the scalar kernels: 11 minutes on two cores.
check-long:
	@CC="$(CC)" sh tests/need-check.sh
	@$(MAKE) --no-print-directory -j$(JOBS) $(BUILD)/check_long
	@BUILD=$(BUILD) SN_SLOW=1 sh tests/run.sh $(BUILD)/check_long
check-asan:
	@$(MAKE) BUILD=build/asan OPT=-O1 CFLAGS="-fsanitize=address -fno-omit-frame-pointer $(CFLAGS)" check
check-ubsan:
	@$(MAKE) BUILD=build/ubsan OPT=-O1 CFLAGS="-fsanitize=undefined -fno-sanitize-recover=all $(CFLAGS)" check
# The full-width networks would take hours here; the narrow ones run the same code.
check-tsan:
	@SN_NARROW=1 $(MAKE) BUILD=build/tsan OPT=-O1 CFLAGS="-fsanitize=thread $(CFLAGS)" check
check-cross:
	@CC="$(CC)" BUILD=$(BUILD) sh tests/cross.sh
$(BUILD)/digest_tool: $(BUILD)/tests/golden/digest_tool.o $(BUILD)/tests/golden/synth.o $(BUILD)/libsentinode.a
	$(call say,LD,$@)
	$(Q)$(CC) $(OPT) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# ---- what people run -------------------------------------------------------------------------
demo: $(PROGRAM)
	@sh tools/demo.sh

bench: $(PROGRAM)
	./$(PROGRAM) bench

lib: $(BUILD)/libsentinode.a $(BUILD)/libsentinode.so
$(BUILD)/libsentinode.so: $(LIB_OBJ)
	$(call say,LD,$@)
	$(Q)$(CC) -shared $(OPT) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# One file without a dynamic linker: copy it to a machine that has nothing.
static:
	@$(MAKE) BUILD=build/static LDFLAGS="-static $(LDFLAGS)" all
	@echo "build/static/sentinode"

install: $(PROGRAM) lib
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/lib $(DESTDIR)$(PREFIX)/include/sentinode
	install -m 755 $(PROGRAM) $(DESTDIR)$(PREFIX)/bin/sentinode
	install -m 644 $(BUILD)/libsentinode.a $(DESTDIR)$(PREFIX)/lib
	install -m 755 $(BUILD)/libsentinode.so $(DESTDIR)$(PREFIX)/lib
	for h in base/base.h weights/weights.h nets/nets.h fusion/fusion.h $(filter-out %_parts.h,$(wildcard io/*.h stats/*.h)); do \
	    install -d $(DESTDIR)$(PREFIX)/include/sentinode/$$(dirname $$h) && \
	    install -m 644 $$h $(DESTDIR)$(PREFIX)/include/sentinode/$$h || exit 1; done
	install -m 644 sentinode.h $(DESTDIR)$(PREFIX)/include/sentinode

# Both compilers, warnings as errors, with and without OpenMP; static analysis and the register-tile check.
lint:
	@sh tests/lint.sh

# Each parser under clang's libFuzzer with address and undefined-behaviour sanitizers.
FUZZ_SECONDS ?= 60
fuzz:
	@FUZZ_SECONDS=$(FUZZ_SECONDS) sh tests/fuzz/run.sh $(FUZZERS)
FUZZ_FLAGS = -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined
$(BUILD)/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(TOOL_OBJ) $(BUILD)/libsentinode.a
	$(call say,LD,$@)
	$(Q)$(CC) $(OPT) $(CFLAGS) $(FUZZ_FLAGS) -o $@ $^ $(LDLIBS)

clean:
	rm -rf build sentinode demo-out

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
