/*
 * PIC32MZ interrupt controller
 *
 * Models: DS60001108 (PIC32 Family Reference Manual, section 8), as in the
 * PIC32MZ, and DS60001320 (PIC32MZ EF data sheet) chapter 7:
 * a flag, an enable bit, a priority, a subpriority and a vector offset for
 * each source, multi-vector and single-vector mode, shadow register sets by
 * priority (PRISS).
 *
 * Left out: the proximity timer (IPTMR counts nothing, TPC groups nothing);
 * RNMICON.SWNMI does not tell that NMIKEY raised an NMI; sources that the chip
 * does not have keep what is written to their bits.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "pic32mz_evic.h"

REG32(INTCON, 0x000)
    FIELD(INTCON, MVEC, 12, 1)
    FIELD(INTCON, NMIKEY, 24, 8)
REG32(PRISS, 0x010)
    FIELD(PRISS, SS0, 0, 1)
REG32(INTSTAT, 0x020)
    FIELD(INTSTAT, SIRQ, 0, 8)
    FIELD(INTSTAT, SRIPL, 8, 3)
REG32(IPTMR, 0x030)
REG32(IFS0, 0x040)
REG32(IEC0, 0x0c0)
REG32(IPC0, 0x140)
REG32(OFF0, 0x540)

#define N_IPC           DIV_ROUND_UP(PIC32_EVIC_VECTORS, 4)
#define N_DEFS          (4 + 2 * PIC32_EVIC_WORDS + N_IPC + PIC32_EVIC_VECTORS)
#define EVIC_SIZE       0x1000
#define IPC_FIELDS      0x1f1f1f1f
#define OFF_FIELDS      0x0003fffe
#define NMIKEY          0x4e

static PIC32SfrDef evic_defs[N_DEFS];

static uint32_t evic_flag_mask(unsigned word)
{
    unsigned left = PIC32_EVIC_VECTORS - word * 32;

    return left >= 32 ? UINT32_MAX : MAKE_64BIT_MASK(0, left);
}

/* The registers are too regular to be listed: IFSx, IECx, IPCx, OFFx. */
static void evic_fill_defs(void)
{
    PIC32SfrDef *def = evic_defs;
    unsigned i;

    *def++ = (PIC32SfrDef) { "INTCON", A_INTCON, 0, 0xff00171f, false };
    *def++ = (PIC32SfrDef) { "PRISS", A_PRISS, 0, 0xfffffff1, false };
    *def++ = (PIC32SfrDef) { "INTSTAT", A_INTSTAT, 0, 0, false };
    *def++ = (PIC32SfrDef) { "IPTMR", A_IPTMR, 0, UINT32_MAX, false };
    for (i = 0; i < PIC32_EVIC_WORDS; i++) {
        *def++ = (PIC32SfrDef) { "IFS", A_IFS0 + i * 0x10, 0,
                                 evic_flag_mask(i), false };
        *def++ = (PIC32SfrDef) { "IEC", A_IEC0 + i * 0x10, 0,
                                 evic_flag_mask(i), false };
    }
    for (i = 0; i < N_IPC; i++) {
        *def++ = (PIC32SfrDef) { "IPC", A_IPC0 + i * 0x10, 0, IPC_FIELDS, false };
    }
    for (i = 0; i < PIC32_EVIC_VECTORS; i++) {
        *def++ = (PIC32SfrDef) { "OFF", A_OFF0 + i * 4, 0, OFF_FIELDS, true };
    }
    assert(def == evic_defs + N_DEFS);
}

/* A vector's IPCx byte: priority in bits 4..2, subpriority in bits 1..0. */
static unsigned evic_priority(PIC32Evic *s, unsigned vector)
{
    uint32_t ipc = pic32_sfr_get(&s->sfr, A_IPC0 + vector / 4 * 0x10);

    return extract32(ipc, vector % 4 * 8, 5);
}

/* Offers the core the pending source that wins, or none. */
static void evic_update(PIC32Evic *s)
{
    M5150Request request = { 0 };
    unsigned word, priority, best = 3;      /* priority 0 is disabled */

    for (word = 0; word < PIC32_EVIC_WORDS; word++) {
        uint32_t pending = pic32_sfr_get(&s->sfr, A_IFS0 + word * 0x10) &
                           pic32_sfr_get(&s->sfr, A_IEC0 + word * 0x10);

        while (pending) {
            unsigned vector = word * 32 + ctz32(pending);

            /* equal priorities: the lower vector, which comes first, wins */
            priority = evic_priority(s, vector);
            if (priority > best) {
                best = priority;
                s->requested_vector = vector;
            }
            pending &= pending - 1;
        }
    }
    if (best > 3) {
        uint32_t priss = pic32_sfr_get(&s->sfr, A_PRISS);

        request.ripl = best >> 2;
        if (FIELD_EX32(pic32_sfr_get(&s->sfr, A_INTCON), INTCON, MVEC)) {
            request.shadow_set = extract32(priss, request.ripl * 4, 4) & 7;
            request.offset = pic32_sfr_get(&s->sfr,
                                           A_OFF0 + s->requested_vector * 4);
        } else {
            request.shadow_set = FIELD_EX32(priss, PRISS, SS0);
            request.offset = 0x200;
        }
    }
    s->requested_ipl = request.ripl;
    if (s->cpu) {
        m5150_set_request(s->cpu, request);
    }
}

static void evic_acknowledge(void *opaque)
{
    PIC32Evic *s = opaque;
    uint32_t intstat = 0;

    intstat = FIELD_DP32(intstat, INTSTAT, SIRQ, s->requested_vector);
    intstat = FIELD_DP32(intstat, INTSTAT, SRIPL, s->requested_ipl);
    pic32_sfr_set(&s->sfr, A_INTSTAT, intstat);
}

static void evic_set_line_locked(PIC32Evic *s, int vector, int level)
{
    hwaddr ifs = A_IFS0 + vector / 32 * 0x10;
    uint32_t bit = 1u << (vector % 32);
    bool rises = level && !(s->line[vector / 32] & bit);
    PIC32EvicWatch *watch;

    if (level) {
        s->line[vector / 32] |= bit;
        if (!(pic32_sfr_get(&s->sfr, ifs) & bit)) {
            pic32_sfr_set(&s->sfr, ifs, pic32_sfr_get(&s->sfr, ifs) | bit);
            evic_update(s);
        }
    } else {
        s->line[vector / 32] &= ~bit;
    }
    if (rises) {
        QLIST_FOREACH(watch, &s->watches, next) {
            watch->event(watch->opaque, vector);
        }
    }
}

void pic32_evic_watch(PIC32Evic *s, PIC32EvicWatch *watch)
{
    QLIST_INSERT_HEAD(&s->watches, watch, next);
}

bool pic32_evic_active(PIC32Evic *s, int vector)
{
    return s->line[vector / 32] & 1u << (vector % 32);
}

static void evic_set_line(void *opaque, int vector, int level)
{
    /* the core's own sources come from helpers that run without the lock */
    bool unlocked = !qemu_mutex_iothread_locked();

    if (unlocked) {
        qemu_mutex_lock_iothread();
    }
    evic_set_line_locked(opaque, vector, level);
    if (unlocked) {
        qemu_mutex_unlock_iothread();
    }
}

static void evic_write(void *opaque, hwaddr offset, uint32_t old,
                       uint32_t value)
{
    PIC32Evic *s = opaque;

    if (offset == A_IPTMR || value == old) {
        return;
    }
    if (offset == A_INTCON) {
        if (FIELD_EX32(value, INTCON, NMIKEY) == NMIKEY && s->cpu) {
            m5150_raise_nmi(s->cpu);
        }
        /* a key is used up: the next write of INTCON is no second NMI */
        pic32_sfr_set(&s->sfr, A_INTCON, FIELD_DP32(value, INTCON, NMIKEY, 0));
    }
    if (offset >= A_IFS0 && offset < A_IEC0) {
        /* a source that is still active sets its flag again at once */
        pic32_sfr_set(&s->sfr, offset,
                      value | s->line[(offset - A_IFS0) / 0x10]);
    }
    evic_update(s);
}

static const PIC32SfrOps evic_ops = {
    .write = evic_write,
};

static void evic_reset(DeviceState *dev)
{
    PIC32Evic *s = PIC32_EVIC(dev);

    pic32_sfr_reset(&s->sfr);
    memset(s->line, 0, sizeof(s->line));
    evic_update(s);
}

static void evic_init(Object *obj)
{
    PIC32Evic *s = PIC32_EVIC(obj);

    if (!evic_defs[0].name) {
        evic_fill_defs();
    }
    pic32_sfr_init(&s->sfr, obj, TYPE_PIC32_EVIC, EVIC_SIZE, evic_defs, N_DEFS,
                   &evic_ops, s);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->sfr.iomem);
    qdev_init_gpio_in(DEVICE(obj), evic_set_line, PIC32_EVIC_VECTORS);
}

static void evic_realize(DeviceState *dev, Error **errp)
{
    PIC32Evic *s = PIC32_EVIC(dev);

    if (!s->cpu) {
        error_setg(errp, "%s: link 'cpu' is not set", TYPE_PIC32_EVIC);
        return;
    }
    m5150_set_acknowledge(s->cpu, evic_acknowledge, s);
}

static int evic_post_load(void *opaque, int version_id)
{
    evic_update(opaque);
    return 0;
}

static const VMStateDescription vmstate_evic = {
    .name = TYPE_PIC32_EVIC,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = evic_post_load,
    .fields = (VMStateField[]) {
        VMSTATE_PIC32_SFR(sfr, PIC32Evic),
        VMSTATE_UINT32_ARRAY(line, PIC32Evic, PIC32_EVIC_WORDS),
        VMSTATE_UINT32(requested_vector, PIC32Evic),
        VMSTATE_UINT32(requested_ipl, PIC32Evic),
        VMSTATE_END_OF_LIST()
    }
};

static Property evic_properties[] = {
    DEFINE_PROP_LINK("cpu", PIC32Evic, cpu, TYPE_M5150_CPU, M5150CPU *),
    DEFINE_PROP_END_OF_LIST(),
};

static void evic_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = evic_realize;
    dc->reset = evic_reset;
    dc->vmsd = &vmstate_evic;
    device_class_set_props(dc, evic_properties);
}

static const TypeInfo evic_types[] = {
    {
        .name = TYPE_PIC32_EVIC,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Evic),
        .instance_init = evic_init,
        .class_init = evic_class_init,
    },
};

DEFINE_TYPES(evic_types)
