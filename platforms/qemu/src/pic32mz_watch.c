/*
 * What a TCG plugin of ours learns from the machine, beyond QEMU's own plugin
 * interface
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/seqlock.h"
#include "qemu/timer.h"
#include "hw/boards.h"
#include "hw/core/cpu.h"
#include "sysemu/cpu-timers.h"
#include "softmmu/timers-state.h"
#include "tcg/tcg.h"
#include "m5150.h"
#include "m5150_registers.h"
#include "pic32mz_watch.h"

const PIC32WatchOps *pic32_watch_ops;

void pic32_watch_attach(const PIC32WatchOps *ops)
{
    pic32_watch_ops = ops;
}

static MachineState *watch_machine(void)
{
    MachineState *machine = current_machine;

    return machine && machine->ram &&
           object_dynamic_cast(OBJECT(machine), MACHINE_TYPE_NAME("pic32mz"))
           ? machine : NULL;
}

uint32_t pic32_watch_ram_size(void)
{
    MachineState *machine = watch_machine();

    return machine ? machine->ram_size : 0;
}

const void *pic32_watch_ram(void)
{
    MachineState *machine = watch_machine();

    return machine ? memory_region_get_ram_ptr(machine->ram) : NULL;
}

uint32_t pic32_watch_physical(uint32_t address)
{
    hwaddr page = cpu_get_phys_page_debug(first_cpu,
                                          address & TARGET_PAGE_MASK);

    return page == (hwaddr)-1 ? UINT32_MAX : page | (address & ~TARGET_PAGE_MASK);
}

void pic32_watch_slots(uint8_t *back, unsigned count)
{
    unsigned n = 0;
    TCGOp *op;

    QTAILQ_FOREACH(op, &tcg_ctx->ops, link) {
        /* pc and hflags, see mips_tr_insn_start() */
        if (op->opc == INDEX_op_insn_start && n < count) {
            uint32_t hflags = op->args[1];

            back[n++] = !(hflags & MIPS_HFLAG_BMASK) ? 0
                        : hflags & MIPS_HFLAG_B16 ? 2 : 4;
        }
    }
    memset(back + n, 0, count - n);
}

static CPUMIPSState *watch_env(void)
{
    return &MIPS_CPU(first_cpu)->env;
}

bool pic32_watch_micromips(void)
{
    return watch_env()->hflags & MIPS_HFLAG_M16;
}

PIC32WatchMoment pic32_watch_moment(unsigned ahead)
{
    CPUState *cs = first_cpu;
    int64_t instructions = qatomic_read_i64(&timers_state.qemu_icount);

    /* QEMU's own clock must not be read within a block; see icount_get() */
    instructions += cs->icount_budget - cs->icount_extra -
                    cpu_neg(cs)->icount_decr.u16.low - ahead;
    return (PIC32WatchMoment) {
        .instructions = instructions,
        .time = qatomic_read_i64(&timers_state.qemu_icount_bias) +
                icount_to_ns(instructions),
    };
}

const uint32_t *pic32_watch_gpr(void)
{
    return (const uint32_t *)watch_env()->active_tc.gpr;
}

PIC32WatchCore *pic32_watch_new_core(void)
{
    return g_new0(M5150Core, 1);
}

void pic32_watch_take_core(PIC32WatchCore *core, uint32_t pc, bool slot,
                           PIC32WatchMoment moment)
{
    m5150_take_core(M5150_CPU(first_cpu), core, moment.time);
    core->pc = pc;
    core->slot = slot;
    core->instructions = moment.instructions;
}

char *pic32_watch_core_json(const PIC32WatchCore *core)
{
    return m5150_core_json(core);
}
