/*
 * PIC32MZ prefetch module
 *
 * Models: DS60001320 (PIC32MZ EF data sheet) chapter 9 and DS60001183 (PIC32
 * Family Reference Manual, section 41): its registers.
 *
 * Left out: every effect on time. QEMU fetches from flash without wait states
 * whatever PFMWS and PREFEN say, and no emulated flash has bit errors: PRESTAT
 * changes only by the firmware's own writes, which test its error handler.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "hw/irq.h"
#include "hw/registerfields.h"
#include "hw/sysbus.h"
#include "migration/vmstate.h"
#include "pic32mz_prefetch.h"
#include "pic32mz_sfr.h"

REG32(PRECON, 0x00)
    FIELD(PRECON, PFMWS, 0, 3)
    FIELD(PRECON, PREFEN, 4, 2)
    FIELD(PRECON, PFMSECEN, 26, 1)
REG32(PRESTAT, 0x10)
    FIELD(PRESTAT, PFMSECCNT, 0, 8)
    FIELD(PRESTAT, PFMSEC, 26, 1)
    FIELD(PRESTAT, PFMDED, 27, 1)

#define MMIO_SIZE 0x100

struct PIC32Prefetch {
    SysBusDevice parent_obj;

    PIC32SfrBlock regs;
    qemu_irq irq;
};

static void prefetch_update_irq(PIC32Prefetch *s)
{
    uint32_t precon = pic32_sfr_get(&s->regs, A_PRECON);
    uint32_t prestat = pic32_sfr_get(&s->regs, A_PRESTAT);

    qemu_set_irq(s->irq, FIELD_EX32(precon, PRECON, PFMSECEN) &&
                         FIELD_EX32(prestat, PRESTAT, PFMSEC));
}

static void prefetch_write(void *opaque, hwaddr offset, uint32_t old,
                           uint32_t value)
{
    prefetch_update_irq(opaque);
}

static const PIC32SfrDef prefetch_defs[] = {
    {
        "PRECON", A_PRECON, .reset = R_PRECON_PFMWS_MASK,
        .writable = R_PRECON_PFMWS_MASK | R_PRECON_PREFEN_MASK |
                    R_PRECON_PFMSECEN_MASK,
    },
    {
        "PRESTAT", A_PRESTAT,
        .writable = R_PRESTAT_PFMSECCNT_MASK | R_PRESTAT_PFMSEC_MASK |
                    R_PRESTAT_PFMDED_MASK,
    },
};

static const PIC32SfrOps prefetch_ops = {
    .write = prefetch_write,
};

static void prefetch_reset_enter(Object *obj, ResetType type)
{
    pic32_sfr_reset(&PIC32_PREFETCH(obj)->regs);
}

static void prefetch_reset_hold(Object *obj)
{
    prefetch_update_irq(PIC32_PREFETCH(obj));
}

static void prefetch_init(Object *obj)
{
    PIC32Prefetch *s = PIC32_PREFETCH(obj);

    pic32_sfr_init(&s->regs, obj, TYPE_PIC32_PREFETCH, MMIO_SIZE,
                   prefetch_defs, ARRAY_SIZE(prefetch_defs), &prefetch_ops, s);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->regs.iomem);
    sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq);
}

static const VMStateDescription vmstate_prefetch = {
    .name = TYPE_PIC32_PREFETCH,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_PIC32_SFR(regs, PIC32Prefetch),
        VMSTATE_END_OF_LIST()
    }
};

static void prefetch_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->vmsd = &vmstate_prefetch;
    dc->desc = "PIC32MZ prefetch module";
    rc->phases.enter = prefetch_reset_enter;
    rc->phases.hold = prefetch_reset_hold;
}

static const TypeInfo prefetch_types[] = {
    {
        .name = TYPE_PIC32_PREFETCH,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Prefetch),
        .instance_init = prefetch_init,
        .class_init = prefetch_class_init,
    },
};

DEFINE_TYPES(prefetch_types)
