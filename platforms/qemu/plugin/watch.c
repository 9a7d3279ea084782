/*
 * A TCG plugin that watches what a firmware does with its RAM
 *
 * usage: -plugin FILE,fd=N. The open file N holds what to look for, a line
 * each, and gets what was found when the emulator ends. FILE,coverage=N is
 * another plugin in the same file: coverage.c.
 *
 * A callback costs more than the access that it is called for, so it does
 * next to nothing: a byte of state for each byte of RAM takes the flags, and
 * one of them asks for more (watch_store()).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "watch.h"

/* What BYTE_x is in all bytes of a word */
#define IN_WORD(flag) ((flag) * UINT64_C(0x0101010101010101))

QEMU_PLUGIN_EXPORT int qemu_plugin_version = QEMU_PLUGIN_VERSION;

uint8_t *ram_state;
uint32_t ram_size;

static List fills;              /* of Range */
static int result_fd;
static bool started;

static bool in_ranges(const List *ranges, uint32_t address)
{
    const Range *all = ranges->entries;

    for (size_t i = 0; i < ranges->count; i++) {
        if (address >= all[i].low && address < all[i].high) {
            return true;
        }
    }
    return false;
}

/* --- accesses */

/* The physical address; a TLB maps what is neither in KSEG0 nor in KSEG1. */
static uint32_t physical(uint32_t address)
{
    return likely(address - KSEG0 < UNMAPPED)
           ? address & PHYSICAL : pic32_watch_physical(address);
}

static uint64_t get_state(uint32_t at, unsigned shift)
{
    uint64_t state = 0;

    switch (shift) {
    case 0:
        return ram_state[at];
    case 1:
        memcpy(&state, ram_state + at, 2);
        return state;
    case 2:
        memcpy(&state, ram_state + at, 4);
        return state;
    default:
        memcpy(&state, ram_state + at, 8);
        return state;
    }
}

static void put_state(uint32_t at, unsigned shift, uint64_t state)
{
    switch (shift) {
    case 0:
        ram_state[at] = state;
        break;
    case 1:
        memcpy(ram_state + at, &state, 2);
        break;
    case 2:
        memcpy(ram_state + at, &state, 4);
        break;
    default:
        memcpy(ram_state + at, &state, 8);
        break;
    }
}

/* A store to a byte that a stack or an object asks about */
static void __attribute__((noinline)) watch_store(const Insn *insn,
                                                  uint32_t address,
                                                  uint32_t size, bool fill)
{
    if (!fill) {
        stacks_store(insn, address);
    }
    overruns_store(insn, address, size);
}

static uint64_t after_read(uint64_t state, uint8_t flags)
{
    return state | IN_WORD(flags) | (state & IN_WORD(BYTE_FRESH)) << 1;
}

static void on_load(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr,
                    void *insn)
{
    uint32_t at = physical(vaddr);

    (void)vcpu;
    (void)insn;
    if (likely(at < ram_size)) {
        unsigned shift = qemu_plugin_mem_size_shift(info);

        put_state(at, shift, after_read(get_state(at, shift), BYTE_READ));
    }
}

/*
 * LWL and LWR read bytes up to, or from, their address in a word. QEMU reads
 * the byte at the address, and then the whole word.
 */
static void load_part(qemu_plugin_meminfo_t info, uint64_t vaddr, bool left)
{
    uint32_t at = physical(vaddr);

    if (at >= ram_size || qemu_plugin_mem_size_shift(info) != 0) {
        return;
    }
    for (uint32_t byte = left ? at & ~3 : at;
         byte <= (left ? at : (at | 3)); byte++) {
        put_state(byte, 0, after_read(get_state(byte, 0), BYTE_READ));
    }
}

static void on_load_left(unsigned vcpu, qemu_plugin_meminfo_t info,
                         uint64_t vaddr, void *insn)
{
    (void)vcpu;
    (void)insn;
    load_part(info, vaddr, true);
}

static void on_load_right(unsigned vcpu, qemu_plugin_meminfo_t info,
                          uint64_t vaddr, void *insn)
{
    (void)vcpu;
    (void)insn;
    load_part(info, vaddr, false);
}

static void on_store(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr,
                     void *insn)
{
    uint32_t at = physical(vaddr);

    (void)vcpu;
    if (likely(at < ram_size)) {
        unsigned shift = qemu_plugin_mem_size_shift(info);
        uint64_t state = get_state(at, shift);

        put_state(at, shift, state | IN_WORD(BYTE_WRITTEN | BYTE_FRESH));
        if (unlikely(state & IN_WORD(BYTE_CALL))) {
            watch_store(insn, at, 1 << shift, false);
        }
    }
}

static void on_base_store(unsigned vcpu, qemu_plugin_meminfo_t info,
                          uint64_t vaddr, void *insn)
{
    uint32_t at = physical(vaddr);

    on_store(vcpu, info, vaddr, insn);
    if (at < ram_size) {
        overruns_base_store(insn, at, 1 << qemu_plugin_mem_size_shift(info));
    }
}

static void on_fill(unsigned vcpu, qemu_plugin_meminfo_t info, uint64_t vaddr,
                    void *insn)
{
    uint32_t at = physical(vaddr);

    (void)vcpu;
    if (likely(at < ram_size)) {
        unsigned shift = qemu_plugin_mem_size_shift(info);
        uint64_t state = get_state(at, shift);

        put_state(at, shift,
                  (state | IN_WORD(BYTE_FILLED)) & ~IN_WORD(BYTE_FRESH));
        if (unlikely(state & IN_WORD(BYTE_CALL))) {
            watch_store(insn, at, 1 << shift, true);
        }
    }
}

static void on_dma(const char *device, uint32_t begin, uint32_t address,
                   uint32_t len, bool is_write)
{
    address &= PHYSICAL;
    if (is_write) {
        overruns_dma(device, begin & PHYSICAL, address, len);
    }
    for (uint32_t at = address; at < ram_size && at - address < len; at++) {
        uint8_t state = ram_state[at];

        ram_state[at] = is_write ? state | BYTE_DMA_WRITTEN | BYTE_FRESH
                                 : after_read(state, BYTE_DMA_READ);
    }
}

/* Without power RAM holds nothing, so nothing in it can be used any more. */
static void on_reset(bool power_on)
{
    for (uint32_t at = 0; power_on && at < ram_size; at++) {
        ram_state[at] &= ~BYTE_FRESH;
    }
    overruns_reset();
    events_reset();
}

/* --- translation */

uint32_t insn_code(const struct qemu_plugin_insn *insn, bool micromips)
{
    const uint8_t *data = qemu_plugin_insn_data(insn);
    uint32_t first = data[0] | data[1] << 8;

    if (qemu_plugin_insn_size(insn) < 4) {
        return first << 16;
    }
    /* microMIPS has the half word with the major opcode first */
    return micromips ? first << 16 | data[2] | data[3] << 8
                     : first | (uint32_t)(data[2] | data[3] << 8) << 16;
}

/* MD00086 and MD00582: POOL32C's minor opcode is in bits 15..12. */
static bool is_lwl(uint32_t code, bool micromips)
{
    return micromips ? (code & 0xfc00f000) == 0x60000000
                     : code >> 26 == 0x22;
}

static bool is_lwr(uint32_t code, bool micromips)
{
    return micromips ? (code & 0xfc00f000) == 0x60001000
                     : code >> 26 == 0x26;
}

static bool is_sc(uint32_t code, bool micromips)
{
    return micromips ? (code & 0xfc00f000) == 0x6000b000
                     : code >> 26 == 0x38;
}

static bool start(void)
{
    static const PIC32WatchOps ops = {
        .dma = on_dma, .exception = calls_exception, .reset = on_reset,
    };

    ram_size = pic32_watch_ram_size();
    if (!ram_size) {
        return false;
    }
    /* An access at the end may reach beyond: nothing is there then. */
    ram_state = allocate(ram_size + 8, 1);
    overruns_start();
    stacks_start();
    pic32_watch_attach(&ops);
    return true;
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t count = qemu_plugin_tb_n_insns(tb);
    bool micromips = pic32_watch_micromips();
    uint8_t slots[BLOCK_INSNS];
    Insn *insns = allocate(count, sizeof(Insn));

    (void)id;
    pic32_watch_slots(slots, count);
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint32_t code = insn_code(insn, micromips);
        uint32_t pc = qemu_plugin_insn_vaddr(insn);

        insns[i] = (Insn) {
            .pc = pc, .ahead = count - i, .slot = slots[i],
        };
        overruns_translate(insn, &insns[i]);
        events_translate(insn, &insns[i], i == 0);
        if (calls_counted) {
            calls_translate(insn, &insns[i], code, micromips);
        }
        /* What SC reads it only compares. */
        if (!is_sc(code, micromips)) {
            qemu_plugin_register_vcpu_mem_cb(
                insn, is_lwl(code, micromips) ? on_load_left
                      : is_lwr(code, micromips) ? on_load_right : on_load,
                QEMU_PLUGIN_CB_R_REGS, QEMU_PLUGIN_MEM_R, &insns[i]);
        }
        qemu_plugin_register_vcpu_mem_cb(
            insn, in_ranges(&fills, pc & PHYSICAL) ? on_fill
                  : insns[i].base ? on_base_store : on_store,
            QEMU_PLUGIN_CB_R_REGS, QEMU_PLUGIN_MEM_W, &insns[i]);
    }
}

/* --- in and out */

void write_section(FILE *out, const char *name, const void *entries,
                   size_t count, size_t size)
{
    fprintf(out, "%s %zu %zu\n", name, count, size);
    fwrite(entries, size, count, out);
}

static void on_exit_of_emulator(qemu_plugin_id_t id, void *opaque)
{
    FILE *out;

    (void)id;
    (void)opaque;
    if (!started || ftruncate(result_fd, 0) || lseek(result_fd, 0, SEEK_SET)) {
        return;
    }
    out = fdopen(result_fd, "w");
    write_section(out, "ram", ram_state, ram_size, 1);
    stacks_write(out);
    overruns_write(out);
    events_write(out);
    calls_write(out);
    write_section(out, "end", "", 0, 1);
    fclose(out);
}

/* What is written changes with what is asked, so both sides are of one age. */
bool is_version(unsigned version, const char *plugin)
{
    if (version == VERSION) {
        return true;
    }
    fprintf(stderr, "%s: the plugin is of version %d and asked for %u:"
            " run `make emulator`\n", plugin, VERSION, version);
    return false;
}

static bool take_version(const char *line)
{
    unsigned version = 0;

    sscanf(line, "watch %u", &version);
    return is_version(version, "watch");
}

static bool take_line(const char *line)
{
    uint32_t low, high, reach;
    int64_t since;
    int writer;

    if (sscanf(line, "fill %" SCNx32 " %" SCNx32, &low, &high) == 2) {
        Range *fill = list_add(&fills, sizeof(Range));

        *fill = (Range) { low, high };
        return true;
    }
    if (sscanf(line, "stack %" SCNx32 " %" SCNx32 " %" SCNx32 " %" SCNd64,
               &low, &high, &reach, &since) == 4) {
        stacks_add(low, high, reach, since);
        return true;
    }
    if (sscanf(line, "object %" SCNx32 " %" SCNx32, &low, &high) == 2) {
        return overruns_add_object(low, high);
    }
    if (sscanf(line, "code %" SCNx32 " %" SCNx32 " %d", &low, &high,
               &writer) == 3) {
        overruns_add_function(low, high, writer);
        return true;
    }
    if (sscanf(line, "base %" SCNx32 " %" SCNx32, &low, &high) == 2) {
        overruns_add_base(low, high);
        return true;
    }
    if (sscanf(line, "main %" SCNx32, &low) == 1) {
        overruns_from(low);
        return true;
    }
    if (sscanf(line, "function %" SCNx32, &low) == 1) {
        events_add(low);
        return true;
    }
    calls_counted |= !strcmp(line, "calls\n");
    return calls_counted;
}

static bool read_lines(void)
{
    FILE *in = fdopen(dup(result_fd), "r");
    char line[256];
    bool good;

    if (!in || fseek(in, 0, SEEK_SET)) {
        fprintf(stderr, "watch: no file %d: %s\n", result_fd, strerror(errno));
        return false;
    }
    good = fgets(line, sizeof(line), in) && take_version(line);
    while (good && fgets(line, sizeof(line), in)) {
        good = take_line(line);
        if (!good) {
            fprintf(stderr, "watch: what is this: %s", line);
        }
    }
    fclose(in);
    return good;
}

/* The machine is not there yet when a plugin is loaded, but its core is. */
static void on_core(qemu_plugin_id_t id, unsigned vcpu)
{
    (void)id;
    (void)vcpu;
    started = start();
    if (!started) {
        fprintf(stderr, "watch: this is no pic32mz machine\n");
        exit(1);
    }
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id,
                                           const qemu_info_t *info, int argc,
                                           char **argv)
{
    int coverage_fd;

    (void)info;
    if (argc == 1 && sscanf(argv[0], "coverage=%d", &coverage_fd) == 1) {
        return !coverage_install(id, coverage_fd);
    }
    if (argc != 1 || sscanf(argv[0], "fd=%d", &result_fd) != 1) {
        fprintf(stderr, "watch: expected fd=N or coverage=N\n");
        return 1;
    }
    if (!read_lines()) {
        return 1;
    }
    qemu_plugin_register_vcpu_init_cb(id, on_core);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    qemu_plugin_register_atexit_cb(id, on_exit_of_emulator, NULL);
    return 0;
}
