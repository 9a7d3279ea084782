/*
 * PIC32MZ peripheral pin select
 *
 * Models DS60001320 section 12.4 "Peripheral Pin Select", its tables 12-1
 * (input pin selection) and 12-2 (output pin selection), whose input half
 * NuttX's pic32mzef_pps.h also has: all inputs and outputs, and the lock.
 *
 * There are four groups of pins, each with its own sixteen output functions;
 * every input function belongs to one group. Writes are ignored while
 * CFGCON.IOLOCK is set.
 *
 * A peripheral that drives a function takes the pin's output over, whatever
 * TRIS says. Inputs pass the port's digital buffer, so that an analog pin
 * (ANSEL) reads as 0.
 *
 * Left out: nothing of the routing; only peripherals that call
 * pic32_pps_set_output() or pic32_pps_set_waveform() drive their pins.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "pic32mz_cfg.h"
#include "pic32mz_pps.h"

#define N_GROUPS    4
#define N_VALUES    16      /* of a selection: 4 bits */
#define R_RPA0R     0x100   /* output registers: one word a pin from here */

enum { A, B, C, D, E, F, G };
#define RP(port, bit)   ((port) * PIC32_PORT_PINS + (bit))
#define NONE            PIC32_PIN_NONE

static const PIC32Pin group_pins[N_GROUPS][N_VALUES] = {
    { RP(D, 2), RP(G, 8), RP(F, 4), RP(D, 10), RP(F, 1), RP(B, 9), RP(B, 10),
      RP(C, 14), RP(B, 5), NONE, RP(C, 1), RP(D, 14), RP(G, 1), RP(A, 14),
      RP(D, 6), NONE },
    { RP(D, 3), RP(G, 7), RP(F, 5), RP(D, 11), RP(F, 0), RP(B, 1), RP(E, 5),
      RP(C, 13), RP(B, 3), NONE, RP(C, 4), RP(D, 15), RP(G, 0), RP(A, 15),
      RP(D, 7), NONE },
    { RP(D, 9), RP(G, 6), RP(B, 8), RP(B, 15), RP(D, 4), RP(B, 0), RP(E, 3),
      RP(B, 7), NONE, RP(F, 12), RP(D, 12), RP(F, 8), RP(C, 3), RP(E, 9),
      NONE, NONE },
    { RP(D, 1), RP(G, 9), RP(B, 14), RP(D, 0), NONE, RP(B, 6), RP(D, 5),
      RP(B, 2), RP(F, 3), RP(F, 13), NONE, RP(F, 2), RP(C, 2), RP(E, 8),
      NONE, NONE },
};

static const char *const group_outputs[N_GROUPS][N_VALUES] = {
    { NULL, "U3TX", "U4RTS", NULL, NULL, "SDO1", "SDO2", "SDO3",
      NULL, "SDO5", "SS6", "OC3", "OC6", "REFCLKO4", "C2OUT", "C1TX" },
    { NULL, "U1TX", "U2RTS", "U5TX", "U6RTS", "SDO1", "SDO2", "SDO3",
      "SDO4", "SDO5", NULL, "OC4", "OC7", NULL, NULL, "REFCLKO1" },
    { NULL, "U3RTS", "U4TX", NULL, "U6TX", "SS1", NULL, "SS3",
      "SS4", "SS5", "SDO6", "OC5", "OC8", NULL, "C1OUT", "REFCLKO3" },
    { NULL, "U1RTS", "U2TX", "U5RTS", "U6TX", NULL, "SS2", NULL,
      "SDO4", NULL, "SDO6", "OC2", "OC1", "OC9", NULL, "C2TX" },
};

static const struct {
    const char *name;
    uint16_t offset;
    uint8_t group;
} inputs[] = {
    { "INT1", 0x04, 3 }, { "INT2", 0x08, 2 }, { "INT3", 0x0C, 0 },
    { "INT4", 0x10, 1 }, { "T2CK", 0x18, 0 }, { "T3CK", 0x1C, 2 },
    { "T4CK", 0x20, 3 }, { "T5CK", 0x24, 1 }, { "T6CK", 0x28, 0 },
    { "T7CK", 0x2C, 1 }, { "T8CK", 0x30, 2 }, { "T9CK", 0x34, 3 },
    { "IC1", 0x38, 3 }, { "IC2", 0x3C, 2 }, { "IC3", 0x40, 0 },
    { "IC4", 0x44, 1 }, { "IC5", 0x48, 2 }, { "IC6", 0x4C, 3 },
    { "IC7", 0x50, 0 }, { "IC8", 0x54, 1 }, { "IC9", 0x58, 2 },
    { "OCFA", 0x60, 3 }, { "U1RX", 0x68, 0 }, { "U1CTS", 0x6C, 2 },
    { "U2RX", 0x70, 2 }, { "U2CTS", 0x74, 0 }, { "U3RX", 0x78, 1 },
    { "U3CTS", 0x7C, 3 }, { "U4RX", 0x80, 3 }, { "U4CTS", 0x84, 1 },
    { "U5RX", 0x88, 0 }, { "U5CTS", 0x8C, 2 }, { "U6RX", 0x90, 3 },
    { "U6CTS", 0x94, 0 }, { "SDI1", 0x9C, 0 }, { "SS1", 0xA0, 2 },
    { "SDI2", 0xA8, 1 }, { "SS2", 0xAC, 3 }, { "SDI3", 0xB4, 0 },
    { "SS3", 0xB8, 2 }, { "SDI4", 0xC0, 1 }, { "SS4", 0xC4, 2 },
    { "SDI5", 0xCC, 0 }, { "SS5", 0xD0, 2 }, { "SDI6", 0xD8, 3 },
    { "SS6", 0xDC, 0 }, { "C1RX", 0xE0, 1 }, { "C2RX", 0xE4, 2 },
    { "REFCLKI1", 0xE8, 0 }, { "REFCLKI3", 0xF0, 3 },
    { "REFCLKI4", 0xF4, 1 },
};

/* Sum of the pins in the four groups. */
#define N_OUTPUT_PINS 53

/* What an output function drives: DRIVE_LOW + level is a level. */
enum { DRIVE_OFF, DRIVE_LOW, DRIVE_HIGH, DRIVE_WAVEFORM };

typedef struct PpsWatcher {
    PIC32PpsInputFn *fn;
    PIC32PpsHeedFn *heeds;
    void *opaque;
    QSLIST_ENTRY(PpsWatcher) next;
} PpsWatcher;

struct PIC32Pps {
    SysBusDevice parent_obj;

    PIC32SfrBlock regs;
    PIC32SfrDef defs[ARRAY_SIZE(inputs) + N_OUTPUT_PINS];
    PIC32Ports *ports;
    PIC32Cfg *cfg;
    PIC32PinWatch watch;
    QSLIST_HEAD(, PpsWatcher) watchers[ARRAY_SIZE(inputs)];

    uint8_t seen[ARRAY_SIZE(inputs)];       /* level told to the watchers */
    uint8_t drive[N_GROUPS * N_VALUES];
    PIC32Waveform waveform[N_GROUPS * N_VALUES];
};

static unsigned pps_find_input(const char *function)
{
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(inputs); i++) {
        if (!strcmp(inputs[i].name, function)) {
            return i;
        }
    }
    g_assert_not_reached();
}

/* Whether the group can put function on its pins, and by which value. */
static bool pps_find_output(unsigned group, const char *function,
                            unsigned *value)
{
    for (*value = 1; *value < N_VALUES; (*value)++) {
        const char *name = group_outputs[group][*value];

        if (name && !strcmp(name, function)) {
            return true;
        }
    }
    return false;
}

static PIC32Pin pps_pin_of_input(PIC32Pps *s, unsigned i)
{
    uint32_t value = pic32_sfr_get(&s->regs, inputs[i].offset);
    PIC32Pin pin = group_pins[inputs[i].group][value];

    return pic32_ports_has(s->ports, pin) ? pin : PIC32_PIN_NONE;
}

PIC32Pin pic32_pps_input_pin(PIC32Pps *s, const char *function)
{
    return pps_pin_of_input(s, pps_find_input(function));
}

bool pic32_pps_input_routed(PIC32Pps *s, const char *function)
{
    return pic32_ports_digital(s->ports, pic32_pps_input_pin(s, function));
}

bool pic32_pps_output_routed(PIC32Pps *s, const char *function)
{
    unsigned group, value, i;
    bool known = false;

    for (group = 0; group < N_GROUPS; group++) {
        if (!pps_find_output(group, function, &value)) {
            continue;
        }
        known = true;
        for (i = 0; i < N_VALUES; i++) {
            PIC32Pin pin = group_pins[group][i];

            if (pic32_ports_has(s->ports, pin)
                && pic32_sfr_get(&s->regs, R_RPA0R + pin * 4) == value) {
                return true;
            }
        }
    }
    assert(known);
    return false;
}

bool pic32_pps_output_on(PIC32Pps *s, const char *function, PIC32Pin pin)
{
    unsigned group, value, i;

    for (group = 0; group < N_GROUPS && pic32_ports_has(s->ports, pin);
         group++) {
        for (i = 0; i < N_VALUES; i++) {
            if (group_pins[group][i] == pin) {
                return pps_find_output(group, function, &value) &&
                       pic32_sfr_get(&s->regs, R_RPA0R + pin * 4) == value;
            }
        }
    }
    return false;
}

/* Gives a pin what the output function drives that is selected for it. */
static void pps_update_pin(PIC32Pps *s, unsigned group, PIC32Pin pin)
{
    unsigned output = group * N_VALUES
                      + pic32_sfr_get(&s->regs, R_RPA0R + pin * 4);

    if (s->drive[output] == DRIVE_WAVEFORM) {
        pic32_ports_override_waveform(s->ports, pin, &s->waveform[output]);
    } else {
        pic32_ports_override(s->ports, pin,
                             (int)s->drive[output] - DRIVE_LOW);
    }
}

/* Every pin that the function is on gets what drive says. */
static void pps_drive(PIC32Pps *s, const char *function, uint8_t drive,
                      const PIC32Waveform *waveform)
{
    unsigned group, value, i;
    bool known = false;

    for (group = 0; group < N_GROUPS; group++) {
        unsigned output = group * N_VALUES;

        if (!pps_find_output(group, function, &value)) {
            continue;
        }
        known = true;
        output += value;
        if (waveform) {
            s->waveform[output] = *waveform;
        } else if (s->drive[output] == drive) {
            continue;
        }
        s->drive[output] = drive;
        for (i = 0; i < N_VALUES; i++) {
            PIC32Pin pin = group_pins[group][i];

            if (pin != NONE
                && pic32_sfr_get(&s->regs, R_RPA0R + pin * 4) == value) {
                pps_update_pin(s, group, pin);
            }
        }
    }
    assert(known);
}

void pic32_pps_set_output(PIC32Pps *s, const char *function, int level)
{
    pps_drive(s, function, level < 0 ? DRIVE_OFF : DRIVE_LOW + !!level, NULL);
}

void pic32_pps_set_output_at(PIC32Pps *s, const char *function, int level,
                             int64_t ns)
{
    int64_t before = pic32_ports_set_edge_ns(s->ports, ns);

    pic32_pps_set_output(s, function, level);
    pic32_ports_set_edge_ns(s->ports, before);
}

void pic32_pps_set_waveform(PIC32Pps *s, const char *function,
                            const PIC32Waveform *waveform)
{
    pps_drive(s, function, DRIVE_WAVEFORM, waveform);
}

static void pps_update_input(PIC32Pps *s, unsigned i)
{
    int level = pic32_ports_input(s->ports, pps_pin_of_input(s, i));
    PpsWatcher *watcher;

    if (level != s->seen[i]) {
        s->seen[i] = level;
        QSLIST_FOREACH(watcher, &s->watchers[i], next) {
            watcher->fn(watcher->opaque, level);
        }
    }
}

void pic32_pps_watch_input(PIC32Pps *s, const char *function,
                           PIC32PpsInputFn *fn, PIC32PpsHeedFn *heeds,
                           void *opaque)
{
    PpsWatcher *watcher = g_new(PpsWatcher, 1);

    *watcher = (PpsWatcher) { .fn = fn, .heeds = heeds, .opaque = opaque };
    QSLIST_INSERT_HEAD(&s->watchers[pps_find_input(function)], watcher, next);
}

void pic32_pps_look(PIC32Pps *s, const char *function)
{
    unsigned i = pps_find_input(function);

    pic32_ports_look(s->ports, pps_pin_of_input(s, i));
    pps_update_input(s, i);
}

int64_t pic32_pps_edge_ns(PIC32Pps *s)
{
    return pic32_ports_edge_ns(s->ports);
}

/* Whether a watcher of an input function on this pin needs its edges. */
static bool pps_heeds(void *opaque, PIC32Pin pin)
{
    PIC32Pps *s = opaque;
    PpsWatcher *watcher;
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(inputs); i++) {
        if (pps_pin_of_input(s, i) != pin) {
            continue;
        }
        QSLIST_FOREACH(watcher, &s->watchers[i], next) {
            if (watcher->heeds && watcher->heeds(watcher->opaque)) {
                return true;
            }
        }
    }
    return false;
}

static void pps_pin_changed(void *opaque, PIC32Pin pin, int level)
{
    PIC32Pps *s = opaque;
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(inputs); i++) {
        if (pps_pin_of_input(s, i) == pin) {
            pps_update_input(s, i);
        }
    }
}

/* The group that an output register's pin belongs to. */
static unsigned pps_group_of(PIC32Pin pin)
{
    unsigned group, i;

    for (group = 0; group < N_GROUPS; group++) {
        for (i = 0; i < N_VALUES; i++) {
            if (group_pins[group][i] == pin) {
                return group;
            }
        }
    }
    g_assert_not_reached();
}

static void pps_write(void *opaque, hwaddr offset, uint32_t old,
                      uint32_t value)
{
    PIC32Pps *s = opaque;
    unsigned i;

    if (s->cfg && pic32_cfg_iolock(s->cfg)) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s: write of 0x%x to %s while "
                      "CFGCON.IOLOCK is set\n", TYPE_PIC32_PPS, value,
                      s->regs.def[offset >> 2]->name);
        pic32_sfr_set(&s->regs, offset, old);
        return;
    }
    if (offset >= R_RPA0R) {
        PIC32Pin pin = (offset - R_RPA0R) / 4;

        pps_update_pin(s, pps_group_of(pin), pin);
        return;
    }
    for (i = 0; i < ARRAY_SIZE(inputs); i++) {
        if (inputs[i].offset == offset) {
            pps_update_input(s, i);
            pic32_ports_look(s->ports, pps_pin_of_input(s, i));
        }
    }
}

static const PIC32SfrOps pps_ops = {
    .write = pps_write,
};

static void pps_reset_enter(Object *obj, ResetType type)
{
    PIC32Pps *s = PIC32_PPS(obj);

    pic32_sfr_reset(&s->regs);
    memset(s->drive, 0, sizeof(s->drive));
}

static void pps_reset_hold(Object *obj)
{
    PIC32Pps *s = PIC32_PPS(obj);
    unsigned group, i;

    for (group = 0; group < N_GROUPS; group++) {
        for (i = 0; i < N_VALUES; i++) {
            if (group_pins[group][i] != NONE) {
                pps_update_pin(s, group, group_pins[group][i]);
            }
        }
    }
    for (i = 0; i < ARRAY_SIZE(inputs); i++) {
        pps_update_input(s, i);
    }
}

static void pps_define(PIC32Pps *s)
{
    PIC32SfrDef *def = s->defs;
    unsigned group, i;
    char name[5];

    for (i = 0; i < ARRAY_SIZE(inputs); i++) {
        *def++ = (PIC32SfrDef) {
            .name = g_strdup_printf("%sR", inputs[i].name),
            .offset = inputs[i].offset, .writable = 0xF, .plain = true,
        };
    }
    for (group = 0; group < N_GROUPS; group++) {
        for (i = 0; i < N_VALUES; i++) {
            if (group_pins[group][i] == NONE) {
                continue;
            }
            pic32_pin_name(group_pins[group][i], name);
            *def++ = (PIC32SfrDef) {
                .name = g_strdup_printf("RP%sR", name + 1),
                .offset = R_RPA0R + group_pins[group][i] * 4,
                .writable = 0xF, .plain = true,
            };
        }
    }
    assert(def == s->defs + ARRAY_SIZE(s->defs));
}

static void pps_realize(DeviceState *dev, Error **errp)
{
    PIC32Pps *s = PIC32_PPS(dev);

    assert(s->ports);
    pps_define(s);
    pic32_sfr_init(&s->regs, OBJECT(s), TYPE_PIC32_PPS, PIC32_PPS_SIZE,
                   s->defs, ARRAY_SIZE(s->defs), &pps_ops, s);
    sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->regs.iomem);
    s->watch.input = pps_pin_changed;
    s->watch.heeds = pps_heeds;
    s->watch.opaque = s;
    pic32_ports_watch(s->ports, &s->watch);
}

static const VMStateDescription vmstate_pps = {
    .name = TYPE_PIC32_PPS,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_PIC32_SFR(regs, PIC32Pps),
        VMSTATE_UINT8_ARRAY(seen, PIC32Pps, ARRAY_SIZE(inputs)),
        VMSTATE_UINT8_ARRAY(drive, PIC32Pps, N_GROUPS * N_VALUES),
        VMSTATE_STRUCT_ARRAY(waveform, PIC32Pps, N_GROUPS * N_VALUES, 1,
                             vmstate_pic32_waveform, PIC32Waveform),
        VMSTATE_END_OF_LIST()
    }
};

static Property pps_properties[] = {
    DEFINE_PROP_LINK("ports", PIC32Pps, ports, TYPE_PIC32_PORTS, PIC32Ports *),
    DEFINE_PROP_LINK("cfg", PIC32Pps, cfg, TYPE_PIC32_CFG, PIC32Cfg *),
    DEFINE_PROP_END_OF_LIST(),
};

static void pps_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = pps_realize;
    dc->vmsd = &vmstate_pps;
    rc->phases.enter = pps_reset_enter;
    rc->phases.hold = pps_reset_hold;
    device_class_set_props(dc, pps_properties);
}

static const TypeInfo pps_types[] = {
    {
        .name = TYPE_PIC32_PPS,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Pps),
        .class_init = pps_class_init,
    },
};

DEFINE_TYPES(pps_types)
