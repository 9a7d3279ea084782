/*
 * PIC32MZ parallel master port
 *
 * Models: DS60001320 chapter 23 and DS60001128 (PIC32 Family Reference
 * Manual, section 13): the master modes, with cycles in their time, BUSY,
 * address increment, dual buffers and the interrupt at a cycle's end, on a bus
 * where nothing answers and all lines are high.
 *
 * A cycle takes WAITB, WAITM and WAITE; each address phase of a multiplexed
 * bus is taken to last as long as WAITB. A cycle that is asked for while
 * another one runs is lost.
 *
 * Left out: slave modes (the registers keep what is written, nobody reads or
 * writes them from outside), so that PMSTAT never shows a full buffer and
 * PMPEIF is never raised; devices on the bus; the pins' levels; stop in idle
 * (SIDL).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/registerfields.h"
#include "hw/sysbus.h"
#include "migration/vmstate.h"
#include "pic32mz_pmp.h"
#include "pic32mz_sfr.h"
#include "pic32mz_ticks.h"

REG32(PMCON, 0x00)
    FIELD(PMCON, CSF, 6, 2)
    FIELD(PMCON, PTRDEN, 8, 1)
    FIELD(PMCON, PTWREN, 9, 1)
    FIELD(PMCON, ADRMUX, 11, 2)
    FIELD(PMCON, ON, 15, 1)
    FIELD(PMCON, DUALBUF, 17, 1)
    FIELD(PMCON, RDSTART, 23, 1)
REG32(PMMODE, 0x10)
    FIELD(PMMODE, WAITE, 0, 2)
    FIELD(PMMODE, WAITM, 2, 4)
    FIELD(PMMODE, WAITB, 6, 2)
    FIELD(PMMODE, MODE, 8, 2)
    FIELD(PMMODE, MODE16, 10, 1)
    FIELD(PMMODE, INCM, 11, 2)
    FIELD(PMMODE, IRQM, 13, 2)
    FIELD(PMMODE, BUSY, 15, 1)
REG32(PMADDR, 0x20)
REG32(PMDOUT, 0x30)
REG32(PMDIN, 0x40)
REG32(PMAEN, 0x50)
REG32(PMSTAT, 0x60)
    FIELD(PMSTAT, OBUF, 6, 1)
    FIELD(PMSTAT, IBOV, 14, 1)
REG32(PMWADDR, 0x70)
REG32(PMRADDR, 0x80)
REG32(PMRDIN, 0x90)

#define PMP_SIZE        0x200
#define PMSTAT_RESET    0x008f      /* all output buffers are empty */
#define MODE_MASTER     2           /* MODE: 2 and 3 are the master's */
#define INCM_UP         1
#define INCM_DOWN       2
#define IRQM_CYCLE      1

/* What goes on on the bus. */
enum { CYCLE_NONE, CYCLE_READ, CYCLE_WRITE };

struct PIC32Pmp {
    SysBusDevice parent_obj;

    PIC32SfrBlock regs;
    Clock *pbclk;
    qemu_irq irq;
    qemu_irq irq_error;
    QEMUTimer *done;
    uint8_t cycle;
};

static uint32_t pmp_reg(PIC32Pmp *s, hwaddr offset)
{
    return pic32_sfr_get(&s->regs, offset);
}

static bool pmp_is_master(PIC32Pmp *s)
{
    return FIELD_EX32(pmp_reg(s, A_PMCON), PMCON, ON) &&
           FIELD_EX32(pmp_reg(s, A_PMMODE), PMMODE, MODE) >= MODE_MASTER;
}

static bool pmp_is_dual(PIC32Pmp *s)
{
    return FIELD_EX32(pmp_reg(s, A_PMCON), PMCON, DUALBUF);
}

static unsigned pmp_cycle_clocks(PIC32Pmp *s, bool write)
{
    static const uint8_t address_phases[2][4] = {   /* by ADRMUX */
        { 0, 1, 2, 2 },                             /* 8 data lines */
        { 0, 1, 2, 1 },                             /* 16 data lines */
    };
    uint32_t mode = pmp_reg(s, A_PMMODE);
    unsigned waitm = FIELD_EX32(mode, PMMODE, WAITM);
    unsigned begin = FIELD_EX32(mode, PMMODE, WAITB) + 1;
    unsigned end = FIELD_EX32(mode, PMMODE, WAITE) + write;
    unsigned phases = address_phases[FIELD_EX32(mode, PMMODE, MODE16)]
        [FIELD_EX32(pmp_reg(s, A_PMCON), PMCON, ADRMUX)];

    if (!waitm) {
        /* WAITB and WAITE are taken for 0 then */
        begin = 1;
        end = write;
    }
    return phases * begin + begin + waitm + 1 + end;
}

static void pmp_start(PIC32Pmp *s, unsigned cycle)
{
    uint32_t con = pmp_reg(s, A_PMCON);
    uint64_t ticks;

    if (!pmp_is_master(s)) {
        return;
    }
    if (s->cycle) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: a %s while PMMODE.BUSY is set\n",
                      TYPE_PIC32_PMP, cycle == CYCLE_WRITE ? "write" : "read");
        return;
    }
    if (!clock_is_enabled(s->pbclk)) {
        return;
    }
    s->cycle = cycle;
    if (cycle == CYCLE_READ && pmp_is_dual(s)) {
        pic32_sfr_set(&s->regs, A_PMCON, con | R_PMCON_RDSTART_MASK);
    }
    ticks = pmp_cycle_clocks(s, cycle == CYCLE_WRITE);
    timer_mod_ns(s->done, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                          pic32_ticks_to_ns(s->pbclk, ticks));
}

/* FRM 13.3: the address counts within the bits that are no chip selects. */
static void pmp_count_address(PIC32Pmp *s, hwaddr offset)
{
    static const uint16_t address_bits[] = { 0xffff, 0x7fff, 0x3fff, 0x3fff };
    uint32_t address = pmp_reg(s, offset);
    uint16_t bits = address_bits[FIELD_EX32(pmp_reg(s, A_PMCON), PMCON, CSF)];
    int step = 0;

    switch (FIELD_EX32(pmp_reg(s, A_PMMODE), PMMODE, INCM)) {
    case INCM_UP:
        step = 1;
        break;
    case INCM_DOWN:
        step = -1;
        break;
    }
    pic32_sfr_set(&s->regs, offset, (address & ~(uint32_t)bits) |
                                    ((address + step) & bits));
}

static void pmp_done(void *opaque)
{
    PIC32Pmp *s = opaque;
    uint32_t mode = pmp_reg(s, A_PMMODE);
    bool read = s->cycle == CYCLE_READ;

    if (read) {
        pic32_sfr_set(&s->regs, pmp_is_dual(s) ? A_PMRDIN : A_PMDIN,
                      FIELD_EX32(mode, PMMODE, MODE16) ? 0xffff : 0xff);
    }
    pmp_count_address(s, !pmp_is_dual(s) ? A_PMADDR : read ? A_PMRADDR
                                                           : A_PMWADDR);
    s->cycle = CYCLE_NONE;
    pic32_sfr_set(&s->regs, A_PMCON,
                  pmp_reg(s, A_PMCON) & ~R_PMCON_RDSTART_MASK);
    if (FIELD_EX32(mode, PMMODE, IRQM) == IRQM_CYCLE) {
        qemu_irq_pulse(s->irq);
    }
}

static uint32_t pmp_read(void *opaque, hwaddr offset, unsigned size)
{
    PIC32Pmp *s = opaque;
    uint32_t value = pmp_reg(s, offset);

    if (offset == A_PMMODE) {
        return FIELD_DP32(value, PMMODE, BUSY, s->cycle != CYCLE_NONE);
    }
    if (offset == A_PMDIN && !pmp_is_dual(s)) {
        /* what the last cycle has read; the next one starts */
        pmp_start(s, CYCLE_READ);
    }
    return value;
}

static void pmp_write(void *opaque, hwaddr offset, uint32_t old,
                      uint32_t value)
{
    PIC32Pmp *s = opaque;

    switch (offset) {
    case A_PMCON:
        /* RDSTART: software sets it, the end of the cycle clears it */
        pic32_sfr_set(&s->regs, A_PMCON, (value & ~R_PMCON_RDSTART_MASK) |
                                         (old & R_PMCON_RDSTART_MASK));
        if (!FIELD_EX32(value, PMCON, ON)) {
            timer_del(s->done);
            s->cycle = CYCLE_NONE;
            pic32_sfr_set(&s->regs, A_PMCON, value & ~R_PMCON_RDSTART_MASK);
        } else if (pmp_is_dual(s) && (value & ~old & R_PMCON_RDSTART_MASK)) {
            pmp_start(s, CYCLE_READ);
        }
        break;
    case A_PMDIN:
        if (!pmp_is_dual(s)) {
            pmp_start(s, CYCLE_WRITE);
        }
        break;
    case A_PMDOUT:
        if (pmp_is_dual(s)) {
            pmp_start(s, CYCLE_WRITE);
        }
        break;
    case A_PMSTAT:
        /* OBUF and IBOV: software clears them, it does not set them */
        pic32_sfr_set(&s->regs, A_PMSTAT, old & value);
        break;
    }
}

static const PIC32SfrDef pmp_defs[] = {
    { "PMCON", A_PMCON, 0, 0x0082bffb, false },
    { "PMMODE", A_PMMODE, 0, 0x00007fff, false },
    { "PMADDR", A_PMADDR, 0, 0x0000ffff, false },
    { "PMDOUT", A_PMDOUT, 0, UINT32_MAX, false },
    { "PMDIN", A_PMDIN, 0, UINT32_MAX, false },
    { "PMAEN", A_PMAEN, 0, 0x00ffffff, false },
    { "PMSTAT", A_PMSTAT, PMSTAT_RESET,
      R_PMSTAT_OBUF_MASK | R_PMSTAT_IBOV_MASK, false },
    { "PMWADDR", A_PMWADDR, 0, 0x0000ffff, false },
    { "PMRADDR", A_PMRADDR, 0, 0x0000ffff, false },
    { "PMRDIN", A_PMRDIN, 0, 0, false },
};

static const PIC32SfrOps pmp_ops = {
    .read = pmp_read,
    .write = pmp_write,
};

static void pmp_reset(DeviceState *dev)
{
    PIC32Pmp *s = PIC32_PMP(dev);

    pic32_sfr_reset(&s->regs);
    timer_del(s->done);
    s->cycle = CYCLE_NONE;
}

static void pmp_init(Object *obj)
{
    PIC32Pmp *s = PIC32_PMP(obj);

    s->pbclk = qdev_init_clock_in(DEVICE(obj), "pbclk", NULL, NULL, 0);
    s->done = timer_new_ns(QEMU_CLOCK_VIRTUAL, pmp_done, s);
    pic32_sfr_init(&s->regs, obj, TYPE_PIC32_PMP, PMP_SIZE, pmp_defs,
                   ARRAY_SIZE(pmp_defs), &pmp_ops, s);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->regs.iomem);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq_error);
}

static const VMStateDescription vmstate_pmp = {
    .name = TYPE_PIC32_PMP,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_PIC32_SFR(regs, PIC32Pmp),
        VMSTATE_CLOCK(pbclk, PIC32Pmp),
        VMSTATE_TIMER_PTR(done, PIC32Pmp),
        VMSTATE_UINT8(cycle, PIC32Pmp),
        VMSTATE_END_OF_LIST()
    }
};

static void pmp_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->reset = pmp_reset;
    dc->vmsd = &vmstate_pmp;
    dc->desc = "PIC32MZ parallel master port";
}

static const TypeInfo pmp_types[] = {
    {
        .name = TYPE_PIC32_PMP,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Pmp),
        .instance_init = pmp_init,
        .class_init = pmp_class_init,
    },
};

DEFINE_TYPES(pmp_types)
