/*
 * PIC32MZ clock gates: peripheral module disable, and stop in idle
 *
 * DS60001320 section 33.4 (PMD1 to PMD7) and PIC32 Family Reference Manual,
 * section 10 (power-saving modes, DS60001130).
 *
 * A peripheral whose PMD bit is set has no clock, and its registers read as 0
 * and take nothing; they keep what they hold. One whose SIDL bit is set has no
 * clock while the core is in idle. Both go by the address of its registers:
 * the peripheral itself knows nothing of it.
 *
 * Left out: comparator and voltage reference have no clock to stop; what a
 * peripheral drives (pins, interrupt requests) stays as it was when disabled.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "qemu/module.h"
#include "qapi/error.h"
#include "exec/address-spaces.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "pic32mz_cfg.h"
#include "pic32mz_cru.h"
#include "pic32mz_gates.h"
#include "pic32mz_sfr.h"

#define SIDL            (1u << 13)  /* the same bit in every register */
#define NO_SIDL         UINT32_MAX

/* Peripherals of a kind: PMD bits follow each other as their registers do. */
typedef struct PIC32GateDef {
    const char *name;
    uint8_t pmd;                    /* 1 to 7 */
    uint8_t bit;                    /* of the first */
    uint8_t count;
    uint32_t base;                  /* of the first one's registers */
    uint32_t stride;                /* from one to the next, and their size */
    uint32_t sidl;                  /* offset of the register with SIDL */
} PIC32GateDef;

static const PIC32GateDef gate_defs[] = {
    { "ADC", 1, 0, 1, 0x1f84b000, 0x400, 0 },
    { "CVREF", 1, 12, 1, 0x1f800e00, 0x200, NO_SIDL },
    { "CMP", 2, 0, 2, 0x1f84c000, 0x10, NO_SIDL },
    { "IC", 3, 0, 9, 0x1f842000, 0x200, 0 },
    { "OC", 3, 16, 9, 0x1f844000, 0x200, 0 },
    { "T", 4, 0, 9, 0x1f840000, 0x200, 0 },
    { "U", 5, 0, 6, 0x1f822000, 0x200, 0 },
    { "SPI", 5, 8, 6, 0x1f821000, 0x200, 0 },
    { "I2C", 5, 16, 5, 0x1f820000, 0x200, 0 },
    { "USB", 5, 24, 1, 0x1f8e3000, 0x1000, NO_SIDL },
    { "USBCR", 5, 24, 1, 0x1f884000, 0x200, NO_SIDL },
    { "CAN", 5, 28, 2, 0x1f880000, 0x1000, 0 },
    { "RTCC", 6, 0, 1, 0x1f800c00, 0x200, 0 },
    { "REFO", 6, 8, 4, 0x1f801280, 0x20, NO_SIDL },
    { "PMP", 6, 16, 1, 0x1f82e000, 0x200, 0 },
    { "EBI", 6, 17, 1, 0x1f8e1000, 0x1000, NO_SIDL },
    { "SQI", 6, 23, 1, 0x1f8e2000, 0x1000, NO_SIDL },
    { "ETH", 6, 28, 1, 0x1f882000, 0x400, 0 },
    { "DMA", 7, 4, 1, 0x1f811000, 0x1000, NO_SIDL },
    { "RNG", 7, 20, 1, 0x1f8e6000, 0x200, NO_SIDL },
};

#define MAX_SWITCHES    64

/* A peripheral that PMD can disable: covers its registers. */
typedef struct PIC32GateSwitch {
    MemoryRegion cover;
    const PIC32GateDef *def;
    uint32_t base;
    uint8_t bit;
    bool disabled;
    bool idle;                      /* stopped by SIDL */
} PIC32GateSwitch;

/* A clock on its way to a peripheral. */
typedef struct PIC32Gate {
    PIC32Gates *gates;
    DeviceState *dev;
    PIC32GateSwitch *by;            /* NULL: nothing stops it */
    PIC32SfrBlock *regs;            /* of the peripheral; with by */
    Clock *in;
    Clock *out;
} PIC32Gate;

struct PIC32Gates {
    SysBusDevice parent_obj;

    PIC32Cfg *cfg;
    PIC32Cru *cru;
    PIC32GateSwitch switches[MAX_SWITCHES];
    unsigned n_switches;
    GPtrArray *gates;               /* of PIC32Gate */
    Notifier pmd_watch;
    Notifier mode_watch;
};

static uint64_t gate_period(PIC32Gate *gate)
{
    return gate->by && (gate->by->disabled || gate->by->idle)
           ? 0 : clock_get(gate->in);
}

static void gate_update(void *opaque, ClockEvent event)
{
    PIC32Gate *gate = opaque;

    clock_update(gate->out, gate_period(gate));
}

static void gates_update(PIC32Gates *s)
{
    unsigned i;

    for (i = 0; i < s->gates->len; i++) {
        gate_update(g_ptr_array_index(s->gates, i), ClockUpdate);
    }
}

void pic32_gates_connect(PIC32Gates *s, DeviceState *dev, const char *input,
                         Clock *source)
{
    PIC32Gate *gate = g_new0(PIC32Gate, 1);
    g_autofree char *in = g_strdup_printf("in%u", s->gates->len);
    g_autofree char *out = g_strdup_printf("out%u", s->gates->len);

    gate->gates = s;
    gate->dev = dev;
    gate->in = qdev_init_clock_in(DEVICE(s), in, gate_update, gate,
                                  ClockUpdate);
    gate->out = qdev_init_clock_out(DEVICE(s), out);
    g_ptr_array_add(s->gates, gate);
    qdev_connect_clock_in(DEVICE(s), in, source);
    qdev_connect_clock_in(dev, input, gate->out);
}

/* What can stop a clock: its peripheral is known by its address. */
static void gate_locate(PIC32Gate *gate)
{
    SysBusDevice *dev = (SysBusDevice *)
        object_dynamic_cast(OBJECT(gate->dev), TYPE_SYS_BUS_DEVICE);
    PIC32Gates *s = gate->gates;
    unsigned n;

    for (n = 0; dev && n < s->n_switches; n++) {
        if (s->switches[n].base == dev->mmio[0].addr) {
            gate->by = &s->switches[n];
            gate->regs = pic32_sfr_block(dev->mmio[0].memory);
        }
    }
}

/* Registers of a disabled peripheral */

static uint64_t gates_read(void *opaque, hwaddr addr, unsigned size)
{
    PIC32GateSwitch *by = opaque;

    qemu_log_mask(LOG_GUEST_ERROR, "%s: read at 0x%08x, which PMD%u disables\n",
                  by->def->name, (uint32_t)(by->base + addr), by->def->pmd);
    return 0;
}

static void gates_write(void *opaque, hwaddr addr, uint64_t data,
                        unsigned size)
{
    PIC32GateSwitch *by = opaque;

    qemu_log_mask(LOG_GUEST_ERROR, "%s: write at 0x%08x, which PMD%u disables"
                  "\n", by->def->name, (uint32_t)(by->base + addr),
                  by->def->pmd);
}

static const MemoryRegionOps gates_cover_ops = {
    .read = gates_read,
    .write = gates_write,
    .endianness = DEVICE_LITTLE_ENDIAN,
    .valid = { .min_access_size = 1, .max_access_size = 4 },
    .impl = { .min_access_size = 1, .max_access_size = 4 },
};

static void gates_take_pmd(PIC32Gates *s)
{
    unsigned i;

    memory_region_transaction_begin();
    for (i = 0; i < s->n_switches; i++) {
        PIC32GateSwitch *by = &s->switches[i];

        by->disabled = extract32(pic32_cfg_pmd(s->cfg, by->def->pmd), by->bit,
                                 1);
        memory_region_set_enabled(&by->cover, by->disabled);
    }
    memory_region_transaction_commit();
}

static void gates_pmd_changed(Notifier *watch, void *data)
{
    PIC32Gates *s = container_of(watch, PIC32Gates, pmd_watch);

    gates_take_pmd(s);
    gates_update(s);
}

/* Idle */

static bool gate_stops_in_idle(PIC32Gate *gate)
{
    return gate->by && gate->regs && gate->by->def->sidl != NO_SIDL &&
           (pic32_sfr_get(gate->regs, gate->by->def->sidl) & SIDL);
}

static void gates_mode_changed(Notifier *watch, void *data)
{
    PIC32Gates *s = container_of(watch, PIC32Gates, mode_watch);
    bool idle = pic32_cru_mode(s->cru) == PIC32_POWER_IDLE;
    bool changed = false;
    unsigned i;

    for (i = 0; i < s->gates->len; i++) {
        PIC32Gate *gate = g_ptr_array_index(s->gates, i);
        bool stop = idle && gate_stops_in_idle(gate);

        if (gate->by && gate->by->idle != stop) {
            gate->by->idle = stop;
            changed = true;
        }
    }
    if (changed) {
        gates_update(s);
    }
}

/* Device */

static void gates_reset_exit(Object *obj)
{
    PIC32Gates *s = PIC32_GATES(obj);
    unsigned i;

    for (i = 0; i < s->n_switches; i++) {
        s->switches[i].idle = false;
    }
    gates_take_pmd(s);
    gates_update(s);
}

static void gates_init(Object *obj)
{
    PIC32Gates *s = PIC32_GATES(obj);
    unsigned i, n;

    s->gates = g_ptr_array_new_with_free_func(g_free);
    for (i = 0; i < ARRAY_SIZE(gate_defs); i++) {
        for (n = 0; n < gate_defs[i].count; n++) {
            PIC32GateSwitch *by = &s->switches[s->n_switches++];

            assert(s->n_switches <= MAX_SWITCHES);
            by->def = &gate_defs[i];
            by->base = gate_defs[i].base + n * gate_defs[i].stride;
            by->bit = gate_defs[i].bit + n;
            memory_region_init_io(&by->cover, obj, &gates_cover_ops, by,
                                  TYPE_PIC32_GATES, gate_defs[i].stride);
            memory_region_set_enabled(&by->cover, false);
            memory_region_add_subregion_overlap(get_system_memory(), by->base,
                                                &by->cover, 1);
        }
    }
}

static void gates_finalize(Object *obj)
{
    g_ptr_array_free(PIC32_GATES(obj)->gates, true);
}

static void gates_realize(DeviceState *dev, Error **errp)
{
    PIC32Gates *s = PIC32_GATES(dev);
    unsigned i;

    if (!s->cfg || !s->cru) {
        error_setg(errp, "%s: link 'cfg' or 'cru' is not set",
                   TYPE_PIC32_GATES);
        return;
    }
    for (i = 0; i < s->gates->len; i++) {
        gate_locate(g_ptr_array_index(s->gates, i));
    }
    s->pmd_watch.notify = gates_pmd_changed;
    pic32_cfg_watch_pmd(s->cfg, &s->pmd_watch);
    s->mode_watch.notify = gates_mode_changed;
    pic32_cru_watch_mode(s->cru, &s->mode_watch);
}

/*
 * The gates come last in a snapshot: what decides on them is loaded. Each
 * peripheral brings its own copy of its clock, nobody is to be told.
 */
static int gates_post_load(void *opaque, int version_id)
{
    PIC32Gates *s = opaque;
    unsigned i;

    gates_take_pmd(s);
    for (i = 0; i < s->gates->len; i++) {
        PIC32Gate *gate = g_ptr_array_index(s->gates, i);

        clock_set(gate->in, clock_get(gate->in->source));
        clock_set(gate->out, gate_period(gate));
    }
    return 0;
}

static const VMStateDescription vmstate_switch = {
    .name = TYPE_PIC32_GATES "/switch",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_BOOL(idle, PIC32GateSwitch),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_gates = {
    .name = TYPE_PIC32_GATES,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = gates_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_STRUCT_ARRAY(switches, PIC32Gates, MAX_SWITCHES, 1,
                             vmstate_switch, PIC32GateSwitch),
        VMSTATE_END_OF_LIST()
    }
};

static Property gates_properties[] = {
    DEFINE_PROP_LINK("cfg", PIC32Gates, cfg, TYPE_PIC32_CFG, PIC32Cfg *),
    DEFINE_PROP_LINK("cru", PIC32Gates, cru, TYPE_PIC32_CRU, PIC32Cru *),
    DEFINE_PROP_END_OF_LIST(),
};

static void gates_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = gates_realize;
    dc->vmsd = &vmstate_gates;
    dc->desc = "PIC32MZ clock gates";
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    rc->phases.exit = gates_reset_exit;
    device_class_set_props(dc, gates_properties);
}

static const TypeInfo gates_types[] = {
    {
        .name = TYPE_PIC32_GATES,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Gates),
        .instance_init = gates_init,
        .instance_finalize = gates_finalize,
        .class_init = gates_class_init,
    },
};

DEFINE_TYPES(gates_types)
