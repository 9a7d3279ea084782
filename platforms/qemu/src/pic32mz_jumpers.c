/*
 * Jumpers on the board: wires from one pin of the chip to another
 *
 * What the chip drives on one end it sees on the other. Peripherals whose bits
 * are not modelled one by one (SPI, I2C) ask for the other end themselves.
 *
 * Left out: more than one jumper on a pin; two outputs that fight each other
 * (each pin keeps its own level).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "hw/qdev-properties.h"
#include "pic32mz_jumpers.h"

#define N_PINS (PIC32_N_PORTS * PIC32_PORT_PINS)

struct PIC32Jumpers {
    DeviceState parent_obj;

    PIC32Ports *ports;
    PIC32PinWatch watch;
    char *pairs;                    /* "RD3-RG7;RB1-RB2" */
    PIC32Pin partner[N_PINS];
};

PIC32Pin pic32_jumpers_partner(PIC32Jumpers *s, PIC32Pin pin)
{
    return pin < N_PINS ? s->partner[pin] : PIC32_PIN_NONE;
}

static void jumpers_output(void *opaque, PIC32Pin pin, int level)
{
    PIC32Jumpers *s = opaque;

    if (s->partner[pin] != PIC32_PIN_NONE) {
        pic32_ports_drive_pin(s->ports, s->partner[pin], level);
    }
}

/* The other end is to see every edge of a waveform, too. */
static bool jumpers_heeds(void *opaque, PIC32Pin pin)
{
    return pic32_jumpers_partner(opaque, pin) != PIC32_PIN_NONE;
}

static bool jumpers_add(PIC32Jumpers *s, const char *pair, Error **errp)
{
    g_auto(GStrv) names = g_strsplit(pair, "-", -1);
    PIC32Pin pin[2] = { PIC32_PIN_NONE, PIC32_PIN_NONE };
    unsigned i;

    for (i = 0; i < 2 && g_strv_length(names) == 2; i++) {
        pin[i] = pic32_pin_parse(names[i]);
    }
    if (!pic32_ports_has(s->ports, pin[0]) ||
        !pic32_ports_has(s->ports, pin[1]) || pin[0] == pin[1]) {
        error_setg(errp, "jumpers: '%s': expected two pins of the chip, such "
                   "as RD3-RG7", pair);
        return false;
    }
    for (i = 0; i < 2; i++) {
        if (s->partner[pin[i]] != PIC32_PIN_NONE) {
            error_setg(errp, "jumpers: '%s': %s has a jumper already", pair,
                       names[i]);
            return false;
        }
    }
    s->partner[pin[0]] = pin[1];
    s->partner[pin[1]] = pin[0];
    return true;
}

static void jumpers_realize(DeviceState *dev, Error **errp)
{
    PIC32Jumpers *s = PIC32_JUMPERS(dev);
    g_auto(GStrv) pairs = g_strsplit(s->pairs ?: "", ";", -1);
    unsigned i;

    assert(s->ports);
    memset(s->partner, PIC32_PIN_NONE, sizeof(s->partner));
    for (i = 0; pairs[i]; i++) {
        if (!jumpers_add(s, pairs[i], errp)) {
            return;
        }
    }
    s->watch.output = jumpers_output;
    s->watch.edge = jumpers_output;
    s->watch.heeds = jumpers_heeds;
    s->watch.opaque = s;
    pic32_ports_watch(s->ports, &s->watch);
}

static Property jumpers_properties[] = {
    DEFINE_PROP_LINK("ports", PIC32Jumpers, ports, TYPE_PIC32_PORTS,
                     PIC32Ports *),
    DEFINE_PROP_STRING("pairs", PIC32Jumpers, pairs),
    DEFINE_PROP_END_OF_LIST(),
};

static void jumpers_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = jumpers_realize;
    dc->desc = "jumpers on a PIC32MZ board";
    device_class_set_props(dc, jumpers_properties);
}

static const TypeInfo jumpers_types[] = {
    {
        .name = TYPE_PIC32_JUMPERS,
        .parent = TYPE_DEVICE,
        .instance_size = sizeof(PIC32Jumpers),
        .class_init = jumpers_class_init,
    },
};

DEFINE_TYPES(jumpers_types)
