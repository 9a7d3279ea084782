/*
 * Which branches of the firmware have gone where, and when each did so first
 *
 * A way is a branch, jump, call or return and where the core was next. It is
 * logged once, with its time, in a file that the host has mapped too, so what
 * an input has brought is known without a look at each input: the first ways
 * of a time are those of the input that came before it.
 *
 * Where a block begins and ends is not always the code's doing: interrupts and
 * QEMU's own stops cut blocks into pieces. So only the end of a branch counts,
 * and an interrupt is left out: after it the core is where it was.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "watch.h"

#define WAYS_BITS   17          /* of the table, which is never full */
#define WAYS        (1u << WAYS_BITS)
#define NESTED      8           /* interrupts within interrupts */

/* The file: what the host finds there, little endian */
typedef struct Way {
    int64_t time;
    uint32_t from, to;
} Way;

typedef struct Log {
    uint32_t version;           /* set by the host: VERSION */
    uint32_t room;
    uint32_t count;             /* of ways */
    uint32_t lost;              /* for which there was no room */
    Way ways[];
} Log;

typedef struct Block {
    uint32_t pc;
    uint32_t branch;            /* that it ends with; 0: it is cut there */
    uint32_t last;              /* branch that led here */
    uint16_t insns;
    bool returns;               /* ERET */
} Block;

static Log *way_log;
static uint64_t seen[WAYS];     /* from and to; 0: free */
static unsigned seen_count;
static uint32_t from;           /* the branch that has ended; 0: none */
static uint32_t from_begin;     /* where its block began */
static uint32_t interrupted[NESTED];
static unsigned nested;

static void take_way(const Block *block)
{
    uint64_t way = (uint64_t)from << 32 | block->pc;
    uint32_t at = way * UINT64_C(0x9e3779b97f4a7c15) >> (64 - WAYS_BITS);

    while (seen[at]) {
        if (seen[at] == way) {
            return;
        }
        at = (at + 1) % WAYS;
    }
    if (seen_count == WAYS / 2 || way_log->count == way_log->room) {
        way_log->lost++;
        return;
    }
    seen[at] = way;
    seen_count++;
    way_log->ways[way_log->count++] = (Way) {
        pic32_watch_moment(block->insns).time, from, block->pc,
    };
}

static void on_block(unsigned vcpu, void *opaque)
{
    Block *block = opaque;

    (void)vcpu;
    /* The rest of a block whose middle was an access to a peripheral */
    if (from && from != block->last &&
        !(block->pc > from_begin && block->pc <= from)) {
        take_way(block);
        block->last = from;
    }
    from = block->branch;
    from_begin = block->pc;
    if (block->returns) {
        from = nested ? interrupted[--nested % NESTED] : 0;
    }
}

static void on_exception(uint32_t handler)
{
    (void)handler;
    interrupted[nested++ % NESTED] = from;
    from = 0;
}

static void on_dma(const char *device, uint32_t begin, uint32_t address,
                   uint32_t len, bool is_write)
{
    (void)device;
    (void)begin;
    (void)address;
    (void)len;
    (void)is_write;
}

static void on_reset(bool power_on)
{
    (void)power_on;
    from = 0;
    nested = 0;
}

/* MD00582: those without a delay slot, by which others are known */
static bool is_compact_branch(uint32_t code)
{
    uint32_t half = code >> 16;

    return (half & 0xffe0) == 0x45a0 ||         /* JRC */
           (half & 0xffe0) == 0x4700 ||         /* JRADDIUSP */
           (half & 0xffa0) == 0x40a0;           /* BEQZC, BNEZC */
}

static void on_translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t count = qemu_plugin_tb_n_insns(tb);
    bool micromips = pic32_watch_micromips();
    struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, count - 1);
    uint32_t code = insn_code(insn, micromips);
    uint32_t pc = qemu_plugin_insn_vaddr(insn);
    Block *block = allocate(1, sizeof(Block));
    uint8_t slots[BLOCK_INSNS];

    (void)id;
    pic32_watch_slots(slots, count);
    *block = (Block) {
        .pc = qemu_plugin_tb_vaddr(tb), .insns = count,
        .branch = slots[count - 1] ? pc - slots[count - 1]
                  : micromips && is_compact_branch(code) ? pc : 0,
        .returns = code == (micromips ? 0x0000f37c : 0x42000018),
    };
    qemu_plugin_register_vcpu_tb_exec_cb(tb, on_block, QEMU_PLUGIN_CB_NO_REGS,
                                         block);
}

static void on_core(qemu_plugin_id_t id, unsigned vcpu)
{
    static const PIC32WatchOps ops = {
        .dma = on_dma, .exception = on_exception, .reset = on_reset,
    };

    (void)id;
    (void)vcpu;
    pic32_watch_attach(&ops);
}

bool coverage_install(qemu_plugin_id_t id, int fd)
{
    struct stat about;

    if (fstat(fd, &about) || (size_t)about.st_size < sizeof(Log)) {
        fprintf(stderr, "coverage: there is no file %d\n", fd);
        return false;
    }
    way_log = mmap(NULL, about.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                   0);
    if (way_log == MAP_FAILED) {
        fprintf(stderr, "coverage: file %d cannot be mapped\n", fd);
        return false;
    }
    if (!is_version(way_log->version, "coverage")) {
        return false;
    }
    way_log->room = (about.st_size - sizeof(Log)) / sizeof(Way);
    qemu_plugin_register_vcpu_init_cb(id, on_core);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translate);
    return true;
}
