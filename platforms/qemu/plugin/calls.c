/*
 * How often what calls what
 *
 * A call whose target is in the instruction costs an addition; one through a
 * register is looked up. Jumps without a link are counted by themselves: one
 * to another function is a tail call.
 *
 * Encodings: MD00086 (MIPS32), MD00582 (microMIPS).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "watch.h"

typedef struct Edge {
    uint32_t site, target;
    uint64_t count;
    bool jump;
} Edge;

typedef struct Counted {
    uint32_t site, target;
    uint64_t count;
} Counted;

/* What an instruction does: its target, or the register that has it. */
typedef struct Branch {
    enum { NONE, CALL, JUMP, REGISTER_CALL, REGISTER_JUMP, IF_NEGATIVE_CALL,
           IF_POSITIVE_CALL } kind;
    uint32_t target;
    uint8_t reg;
} Branch;

bool calls_counted;
static Table edges;

static Edge *find_edge(uint32_t site, uint32_t target, bool jump)
{
    Edge *edge = table_find(&edges, site, target, sizeof(Edge));

    edge->jump = jump;
    return edge;
}

static int32_t offset16(uint32_t code)
{
    return (int16_t)code;
}

static Branch link_branch(uint32_t pc, bool if_positive, uint8_t reg,
                          int32_t offset)
{
    return (Branch) {
        if_positive ? reg ? IF_POSITIVE_CALL : CALL : IF_NEGATIVE_CALL,
        pc + 4 + offset, reg,
    };
}

static Branch mips32(uint32_t pc, uint32_t code)
{
    uint32_t near = ((pc + 4) & 0xf0000000) | (code & 0x03ffffff) << 2;
    uint8_t rs = code >> 21 & 31, rt = code >> 16 & 31;

    switch (code >> 26) {
    case 0x00:
        if ((code & 0x3f) == 0x09) {
            return (Branch) { REGISTER_CALL, 0, rs };
        }
        if ((code & 0x3f) == 0x08 && rs != REG_RA) {
            return (Branch) { REGISTER_JUMP, 0, rs };
        }
        break;
    case 0x01:
        if ((rt & 0x1c) == 0x10) {      /* BLTZAL, BGEZAL and the likely ones */
            return link_branch(pc, rt & 1, rs, offset16(code) * 4);
        }
        break;
    case 0x02:
        return (Branch) { JUMP, near, 0 };
    case 0x03:
    case 0x1d:                          /* JALX */
        return (Branch) { CALL, near, 0 };
    case 0x04:
        if (!rs && !rt) {               /* B */
            return (Branch) { JUMP, pc + 4 + offset16(code) * 4, 0 };
        }
        break;
    }
    return (Branch) { NONE, 0, 0 };
}

static Branch micromips16(uint32_t pc, uint32_t code)
{
    switch (code & 0xffe0) {
    case 0x4580:                        /* JR16 */
    case 0x45a0:                        /* JRC */
        if ((code & 31) != REG_RA) {
            return (Branch) { REGISTER_JUMP, 0, code & 31 };
        }
        break;
    case 0x45c0:                        /* JALR16 */
    case 0x45e0:                        /* JALRS16 */
        return (Branch) { REGISTER_CALL, 0, code & 31 };
    }
    if (code >> 10 == 0x33) {           /* B16 */
        return (Branch) {
            JUMP, pc + 2 + (int32_t)(code << 22) / (1 << 22) * 2, 0,
        };
    }
    return (Branch) { NONE, 0, 0 };
}

static Branch micromips32(uint32_t pc, uint32_t code)
{
    uint32_t near = ((pc + 4) & 0xf8000000) | (code & 0x03ffffff) << 1;
    uint8_t rt = code >> 21 & 31, rs = code >> 16 & 31;

    switch (code >> 26) {
    case 0x00:
        if ((code & 0xafff) == 0x0f3c) {        /* JALR, JALRS, and .HB */
            return rt ? (Branch) { REGISTER_CALL, 0, rs }
                   : rs != REG_RA ? (Branch) { REGISTER_JUMP, 0, rs }
                                  : (Branch) { NONE, 0, 0 };
        }
        break;
    case 0x10:
        if ((rt & 0x0d) == 0x01) {      /* BLTZAL, BGEZAL, BLTZALS, BGEZALS */
            return link_branch(pc, rt & 2, rs, offset16(code) * 2);
        }
        break;
    case 0x1d:                          /* JALS */
    case 0x3d:                          /* JAL */
        return (Branch) { CALL, near, 0 };
    case 0x3c:                          /* JALX */
        return (Branch) {
            CALL, ((pc + 4) & 0xf0000000) | (code & 0x03ffffff) << 2, 0,
        };
    case 0x35:
        return (Branch) { JUMP, near, 0 };
    case 0x25:
        if (!rs && !rt) {               /* BEQ $0, $0 */
            return (Branch) { JUMP, pc + 4 + offset16(code) * 2, 0 };
        }
        break;
    }
    return (Branch) { NONE, 0, 0 };
}

static void through_register(const Insn *insn, bool jump)
{
    uint32_t target = pic32_watch_gpr()[insn->reg] & ~1;
    Edge **last = (Edge **)&((Insn *)insn)->edge;

    if (!*last || (*last)->target != target) {
        *last = find_edge(insn->pc, target, jump);
    }
    (*last)->count++;
}

static void on_call(unsigned vcpu, void *insn)
{
    (void)vcpu;
    through_register(insn, false);
}

static void on_jump(unsigned vcpu, void *insn)
{
    (void)vcpu;
    through_register(insn, true);
}

static void on_negative(unsigned vcpu, void *opaque)
{
    const Insn *insn = opaque;

    (void)vcpu;
    if ((int32_t)pic32_watch_gpr()[insn->reg] < 0) {
        ((Edge *)insn->edge)->count++;
    }
}

static void on_positive(unsigned vcpu, void *opaque)
{
    const Insn *insn = opaque;

    (void)vcpu;
    if ((int32_t)pic32_watch_gpr()[insn->reg] >= 0) {
        ((Edge *)insn->edge)->count++;
    }
}

void calls_translate(struct qemu_plugin_insn *insn, Insn *about, uint32_t code,
                     bool micromips)
{
    Branch branch = !micromips ? mips32(about->pc, code)
                    : qemu_plugin_insn_size(insn) < 4
                    ? micromips16(about->pc, code >> 16)
                    : micromips32(about->pc, code);
    qemu_plugin_vcpu_udata_cb_t callback = NULL;

    about->reg = branch.reg;
    switch (branch.kind) {
    case NONE:
        return;
    case CALL:
    case JUMP:
        about->edge = find_edge(about->pc, branch.target, branch.kind == JUMP);
        qemu_plugin_register_vcpu_insn_exec_inline(
            insn, QEMU_PLUGIN_INLINE_ADD_U64, &((Edge *)about->edge)->count,
            1);
        return;
    case REGISTER_CALL:
        callback = on_call;
        break;
    case REGISTER_JUMP:
        callback = on_jump;
        break;
    case IF_NEGATIVE_CALL:
    case IF_POSITIVE_CALL:
        about->edge = find_edge(about->pc, branch.target, false);
        callback = branch.kind == IF_NEGATIVE_CALL ? on_negative : on_positive;
        break;
    }
    qemu_plugin_register_vcpu_insn_exec_cb(insn, callback,
                                           QEMU_PLUGIN_CB_R_REGS, about);
}

void calls_exception(uint32_t handler)
{
    if (calls_counted) {
        find_edge(0, handler & ~1, false)->count++;
    }
}

static void write_kind(FILE *out, const char *name, bool jump)
{
    List counted = { 0 };

    for (size_t i = 0; i < edges.room; i++) {
        const Edge *edge = edges.slots[i];

        if (edge && edge->count && edge->jump == jump) {
            Counted *entry = list_add(&counted, sizeof(Counted));

            *entry = (Counted) { edge->site, edge->target, edge->count };
        }
    }
    write_section(out, name, counted.entries, counted.count, sizeof(Counted));
}

void calls_write(FILE *out)
{
    write_kind(out, "calls", false);
    write_kind(out, "jumps", true);
}
