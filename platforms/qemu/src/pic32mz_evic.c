/*
 * PIC32MZ interrupt controller
 *
 * Models: DS60001108 (PIC32 Family Reference Manual, section 8), as in the
 * PIC32MZ, and DS60001320 (PIC32MZ EF data sheet) chapter 7:
 * a flag, an enable bit, a priority, a subpriority and a vector offset for
 * each source, multi-vector and single-vector mode, shadow register sets by
 * priority (PRISS), the proximity timer, the pins of INT0 to INT4.
 *
 * Left out: sources that the chip does not have keep what is written to their
 * bits.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "qemu/main-loop.h"
#include "qemu/module.h"
#include "hw/irq.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "pic32mz_evic.h"
#include "pic32mz_vectors.h"

REG32(INTCON, 0x000)
    FIELD(INTCON, TPC, 8, 3)
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
#define INT0_PIN        "RD0"
/* External interrupts are vectors 3, 8, 13, 18 and 23. */
#define EXTERNAL_VECTOR(n)  (PIC32_VECTOR_EXTERNAL_0 + 5 * (n))

/* The proximity timer: interrupts of its priorities wait while it counts. */
enum { PROXIMITY_IDLE, PROXIMITY_COUNTS, PROXIMITY_OVER };

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

/* INTCON.TPC: the highest priority that waits for the proximity timer. */
static unsigned evic_waiting_priority(PIC32Evic *s)
{
    return FIELD_EX32(pic32_sfr_get(&s->sfr, A_INTCON), INTCON, TPC);
}

/*
 * FRM 8.11: the first interrupt of priority TPC or less starts the timer; when
 * it has run down, all that have come meanwhile are served.
 */
static void evic_update_proximity(PIC32Evic *s, bool waiting)
{
    uint64_t ticks = pic32_sfr_get(&s->sfr, A_IPTMR);

    if (!waiting && s->proximity != PROXIMITY_COUNTS) {
        s->proximity = PROXIMITY_IDLE;
    } else if (waiting && s->proximity == PROXIMITY_IDLE) {
        s->proximity = ticks ? PROXIMITY_COUNTS : PROXIMITY_OVER;
        if (ticks) {
            timer_mod_ns(s->proximity_timer,
                         qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL)
                         + clock_ticks_to_ns(s->sysclk, ticks));
        }
    }
}

/* Whether an enabled interrupt of priority TPC or less is pending. */
static bool evic_is_waiting(PIC32Evic *s)
{
    unsigned word, vector, priority, highest = evic_waiting_priority(s);

    for (word = 0; highest && word < PIC32_EVIC_WORDS; word++) {
        uint32_t pending = pic32_sfr_get(&s->sfr, A_IFS0 + word * 0x10) &
                           pic32_sfr_get(&s->sfr, A_IEC0 + word * 0x10);

        for (; pending; pending &= pending - 1) {
            vector = word * 32 + ctz32(pending);
            priority = evic_priority(s, vector) >> 2;
            if (priority && priority <= highest) {
                return true;
            }
        }
    }
    return false;
}

/* Offers the core the pending source that wins, or none. */
static void evic_update(PIC32Evic *s)
{
    M5150Request request = { 0 };
    unsigned word, priority, best = 3;      /* priority 0 is disabled */
    bool found = false;

    evic_update_proximity(s, evic_is_waiting(s));
    if (s->proximity == PROXIMITY_COUNTS) {
        best = evic_waiting_priority(s) << 2 | 3;
    }

    for (word = 0; word < PIC32_EVIC_WORDS; word++) {
        uint32_t pending = pic32_sfr_get(&s->sfr, A_IFS0 + word * 0x10) &
                           pic32_sfr_get(&s->sfr, A_IEC0 + word * 0x10);

        while (pending) {
            unsigned vector = word * 32 + ctz32(pending);

            /* equal priorities: the lower vector, which comes first, wins */
            priority = evic_priority(s, vector);
            if (priority > best) {
                found = true;
                best = priority;
                s->requested_vector = vector;
            }
            pending &= pending - 1;
        }
    }
    if (found) {
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

static void evic_proximity_over(void *opaque)
{
    PIC32Evic *s = opaque;

    s->proximity = PROXIMITY_OVER;
    evic_update(s);
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

/* External interrupts */

static unsigned evic_vector_of(PIC32EvicPin *pin)
{
    return EXTERNAL_VECTOR(pin - pin->evic->pin);
}

/*
 * A waveform's edges are needed until one has set the flag, and then only if
 * software or another peripheral is at it.
 */
static bool evic_pin_heeds(void *opaque)
{
    PIC32EvicPin *pin = opaque;
    PIC32Evic *s = pin->evic;
    unsigned vector = evic_vector_of(pin);
    uint32_t bit = 1u << vector;
    PIC32EvicWatch *watch;

    if (!(pic32_sfr_get(&s->sfr, A_IFS0) & bit) ||
        (pic32_sfr_get(&s->sfr, A_IEC0) & bit)) {
        return true;
    }
    QLIST_FOREACH(watch, &s->watches, next) {
        if (watch->needs && watch->needs(watch->opaque, vector)) {
            return true;
        }
    }
    return false;
}

static void evic_pin_level(void *opaque, int level)
{
    PIC32EvicPin *pin = opaque;
    PIC32Evic *s = pin->evic;
    unsigned n = pin - s->pin, vector = evic_vector_of(pin);
    bool heeded = evic_pin_heeds(pin);
    /* INTCON.INTnEP: 1 is the rising edge */
    bool edge = extract32(pic32_sfr_get(&s->sfr, A_INTCON), n, 1);

    if (level == pin->level) {
        return;
    }
    pin->level = level;
    if (heeded && level == edge) {
        evic_set_line(s, vector, 1);
        evic_set_line(s, vector, 0);
    }
}

static bool evic_port_pin_heeds(void *opaque, PIC32Pin pin)
{
    return pin == pic32_pin_parse(INT0_PIN) && evic_pin_heeds(opaque);
}

static void evic_port_pin_level(void *opaque, PIC32Pin pin, int level)
{
    if (pin == pic32_pin_parse(INT0_PIN)) {
        evic_pin_level(opaque, level);
    }
}

/* Brings the pins up to date around a change of what is heeded. */
static void evic_look_at_pins(PIC32Evic *s)
{
    unsigned n;

    if (!s->pps || !pic32_ports_waving(s->ports)) {
        return;
    }
    pic32_ports_look(s->ports, pic32_pin_parse(INT0_PIN));
    for (n = 1; n < PIC32_EVIC_PINS; n++) {
        g_autofree char *input = g_strdup_printf("INT%u", n);

        pic32_pps_look(s->pps, input);
    }
}

void pic32_evic_connect_pins(PIC32Evic *s, PIC32Ports *ports, PIC32Pps *pps)
{
    unsigned n;

    s->ports = ports;
    s->pps = pps;
    for (n = 1; n < PIC32_EVIC_PINS; n++) {
        g_autofree char *input = g_strdup_printf("INT%u", n);

        pic32_pps_watch_input(pps, input, evic_pin_level, evic_pin_heeds,
                              &s->pin[n]);
    }
    s->pin[0].watch = (PIC32PinWatch) {
        .input = evic_port_pin_level, .heeds = evic_port_pin_heeds,
        .opaque = &s->pin[0],
    };
    pic32_ports_watch(ports, &s->pin[0].watch);
}

/* Registers */

static bool evic_decides_heed(hwaddr offset)
{
    return (offset & ~0xf) == A_IFS0 || (offset & ~0xf) == A_IEC0 ||
           (offset & ~0xf) == A_INTCON;
}

static bool evic_before_write(void *opaque, hwaddr addr, uint32_t data,
                              unsigned size)
{
    if (evic_decides_heed(addr)) {
        evic_look_at_pins(opaque);
    }
    return false;
}

static void evic_write(void *opaque, hwaddr offset, uint32_t old,
                       uint32_t value)
{
    PIC32Evic *s = opaque;

    if (offset == A_IPTMR || value == old) {
        return;
    }
    if (offset == A_INTCON) {
        if (FIELD_EX32(value, INTCON, NMIKEY) == NMIKEY && s->cru) {
            pic32_cru_general_nmi(s->cru);
        }
        /* a key is used up: the next write of INTCON is no second NMI */
        pic32_sfr_set(&s->sfr, A_INTCON, FIELD_DP32(value, INTCON, NMIKEY, 0));
        if (FIELD_EX32(old ^ value, INTCON, TPC)) {
            timer_del(s->proximity_timer);
            s->proximity = PROXIMITY_IDLE;
        }
    }
    if (offset >= A_IFS0 && offset < A_IEC0) {
        /* a source that is still active sets its flag again at once */
        pic32_sfr_set(&s->sfr, offset,
                      value | s->line[(offset - A_IFS0) / 0x10]);
    }
    if (evic_decides_heed(offset)) {
        evic_look_at_pins(s);
    }
    evic_update(s);
}

static const PIC32SfrOps evic_ops = {
    .before_write = evic_before_write,
    .write = evic_write,
};

static void evic_reset_hold(Object *obj)
{
    PIC32Evic *s = PIC32_EVIC(obj);

    pic32_sfr_reset(&s->sfr);
    memset(s->line, 0, sizeof(s->line));
    timer_del(s->proximity_timer);
    s->proximity = PROXIMITY_IDLE;
    evic_update(s);
}

/* Pins that came to their levels in the reset made no edges. */
static void evic_reset_exit(Object *obj)
{
    PIC32Evic *s = PIC32_EVIC(obj);
    unsigned n;

    for (n = 0; n < PIC32_EVIC_PINS; n++) {
        pic32_sfr_set(&s->sfr, A_IFS0, pic32_sfr_get(&s->sfr, A_IFS0)
                                       & ~(1u << EXTERNAL_VECTOR(n)));
    }
}

static void evic_init(Object *obj)
{
    PIC32Evic *s = PIC32_EVIC(obj);
    unsigned n;

    if (!evic_defs[0].name) {
        evic_fill_defs();
    }
    pic32_sfr_init(&s->sfr, obj, TYPE_PIC32_EVIC, EVIC_SIZE, evic_defs, N_DEFS,
                   &evic_ops, s);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->sfr.iomem);
    qdev_init_gpio_in(DEVICE(obj), evic_set_line, PIC32_EVIC_VECTORS);
    s->sysclk = qdev_init_clock_in(DEVICE(obj), "sysclk", NULL, NULL, 0);
    s->proximity_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, evic_proximity_over,
                                      s);
    for (n = 0; n < PIC32_EVIC_PINS; n++) {
        s->pin[n].evic = s;
    }
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

static const VMStateDescription vmstate_evic_pin = {
    .name = TYPE_PIC32_EVIC "/pin",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_UINT8(level, PIC32EvicPin),
        VMSTATE_END_OF_LIST()
    }
};

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
        VMSTATE_STRUCT_ARRAY(pin, PIC32Evic, PIC32_EVIC_PINS, 1,
                             vmstate_evic_pin, PIC32EvicPin),
        VMSTATE_CLOCK(sysclk, PIC32Evic),
        VMSTATE_TIMER_PTR(proximity_timer, PIC32Evic),
        VMSTATE_UINT8(proximity, PIC32Evic),
        VMSTATE_END_OF_LIST()
    }
};

static Property evic_properties[] = {
    DEFINE_PROP_LINK("cpu", PIC32Evic, cpu, TYPE_M5150_CPU, M5150CPU *),
    DEFINE_PROP_LINK("cru", PIC32Evic, cru, TYPE_PIC32_CRU, PIC32Cru *),
    DEFINE_PROP_END_OF_LIST(),
};

static void evic_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);
    ResettableClass *rc = RESETTABLE_CLASS(oc);

    dc->realize = evic_realize;
    rc->phases.hold = evic_reset_hold;
    rc->phases.exit = evic_reset_exit;
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
