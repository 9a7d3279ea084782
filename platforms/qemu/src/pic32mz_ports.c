/*
 * PIC32MZ I/O ports A to K with change notification
 *
 * Models DS60001320 section 12 "I/O Ports" and section 12 of the PIC32
 * Family Reference Manual (DS60001120): ANSEL, TRIS, PORT, LAT, ODC, pull-ups
 * and pull-downs, change notification in mismatch and in edge style, voltage.
 *
 * A pin's level is what the chip drives, else what drives it from outside,
 * else its pull-up (1) or pull-down (0), else 0. The chip wins against an
 * outside driver, a pull-up against a pull-down.
 *
 * A peripheral can put a waveform on a pin instead of a level. The pin's level
 * is then worked out when somebody looks at it. Only while edges are heeded
 * (change notification, an input that counts or captures) a timer makes them.
 *
 * A pin's voltage follows the same order: a level is 0 V or VDD, from outside
 * it can be anything between; an analog output of the chip (CVREF) comes before
 * the pulls. A digital input takes a voltage from outside as low up to VIL, as
 * high from VIH on, and between them stays what it was (DS60001320 chapter 37,
 * DI10 and DI20: 0.2 and 0.65 of VDD).
 *
 * Left out: slew rate (SRCON only keeps its value), change notification as a
 * wake-up from sleep, the debug, oscillator, USB, EBI, SQI and Ethernet
 * functions that take pins over from the port.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/cutils.h"
#include "qemu/log.h"
#include "qapi/error.h"
#include "hw/irq.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "qemu/timer.h"
#include "pic32mz_ports.h"

#define PORT_STRIDE 0x100

enum {
    R_ANSEL  = 0x00,
    R_TRIS   = 0x10,
    R_PORT   = 0x20,
    R_LAT    = 0x30,
    R_ODC    = 0x40,
    R_CNPU   = 0x50,
    R_CNPD   = 0x60,
    R_CNCON  = 0x70,
    R_CNEN   = 0x80,
    R_CNSTAT = 0x90,
    R_CNNE   = 0xA0,
    R_CNF    = 0xB0,
    R_SRCON0 = 0xC0,
    R_SRCON1 = 0xD0,
    REGS_A_PORT = 14,
};

#define N_PINS  (PIC32_N_PORTS * PIC32_PORT_PINS)
#define VIL_MV  (PIC32_VDD_MV * 20 / 100)
#define VIH_MV  (PIC32_VDD_MV * 65 / 100)

#define CNCON_ON            0x8000
#define CNCON_EDGEDETECT    0x0800

static const char port_letters[PIC32_N_PORTS + 1] = "ABCDEFGHJK";

/* What a package brings out: bits of each port. */
typedef struct PortsPackage {
    uint32_t pins;
    uint16_t implemented[PIC32_N_PORTS];
} PortsPackage;

/*
 * DS60001320 tables 12-4 to 12-22, one column a port; the same in the pin lists
 * of AbdouSam/pic32mz-nolib, gpio.c (but for RF8 of 64 pins, not in the sheet).
 */
static const PortsPackage packages[] = {
    { 64, { 0, 0xFFFF, 0xF000, 0x0E3F, 0x00FF, 0x003B, 0x03C0, 0, 0, 0 } },
    { 100, { 0xC6FF, 0xFFFF, 0xF01E, 0xFE3F, 0x03FF, 0x313F, 0xF3C3,
             0, 0, 0 } },
    { 124, { 0xC6FF, 0xFFFF, 0xF01E, 0xFEFF, 0x03FF, 0x313F, 0xF3C3,
             0x3773, 0x0B17, 0 } },
    { 144, { 0xC6FF, 0xFFFF, 0xF01E, 0xFEFF, 0x03FF, 0x313F, 0xF3C3,
             0xFFFF, 0xFFFF, 0x00FF } },
};

/* Pins with an analog function, and pins with slew rate control. */
static const uint16_t analog_pins[PIC32_N_PORTS] = {
    0x0623, 0xFFFF, 0x001E, 0xC000, 0x03F0, 0x3000, 0x83C0, 0x0073, 0x0B00, 0,
};
static const uint16_t slew_pins[PIC32_N_PORTS] = {
    0x00C0, 0x4728, 0, 0, 0x000F, 0x0003, 0x7240, 0, 0, 0,
};

struct PIC32Ports {
    SysBusDevice parent_obj;

    PIC32SfrBlock regs;
    PIC32SfrDef defs[PIC32_N_PORTS * REGS_A_PORT];
    qemu_irq irq[PIC32_N_PORTS];
    QLIST_HEAD(, PIC32PinWatch) watches;
    uint32_t package;
    uint16_t implemented[PIC32_N_PORTS];

    uint16_t outside[PIC32_N_PORTS];        /* driven from outside ... */
    uint16_t outside_level[PIC32_N_PORTS];  /* ... and to what */
    uint16_t outside_mv[N_PINS];            /* the same in millivolts */
    int16_t analog_mv[N_PINS];              /* from a peripheral, or NONE */
    uint16_t override[PIC32_N_PORTS];       /* driven by a peripheral ... */
    uint16_t override_level[PIC32_N_PORTS];
    uint16_t waving[PIC32_N_PORTS];         /* override is a waveform */
    PIC32Waveform waveform[N_PINS];
    int64_t edge_at[N_PINS];                /* INT64_MAX: not heeded */
    QEMUTimer *edge;                        /* the next heeded one */
    int64_t edge_ns;                        /* of the change told; or -1 */
    uint16_t input[PIC32_N_PORTS];          /* what PORT would read now */
    uint16_t last_read[PIC32_N_PORTS];      /* what PORT last read */

    /* What the watches know; not migrated, so that they learn of a load. */
    uint16_t told_driven[PIC32_N_PORTS];
    uint16_t told_level[PIC32_N_PORTS];
    uint16_t told_waving[PIC32_N_PORTS];
    uint16_t told_pin[PIC32_N_PORTS];       /* level, whoever makes it, ... */
    uint16_t told_pin_driven[PIC32_N_PORTS];    /* ... and if the chip does */
};

PIC32Pin pic32_pin_parse(const char *name)
{
    const char *letter;
    unsigned bit;

    letter = name[0] == 'R' && name[1] ? strchr(port_letters, name[1]) : NULL;
    if (!letter || !g_ascii_isdigit(name[2])) {
        return PIC32_PIN_NONE;
    }
    bit = name[2] - '0';
    if (name[3]) {
        /* Two digits: no leading zero, nothing behind them. */
        if (!bit || !g_ascii_isdigit(name[3]) || name[4]) {
            return PIC32_PIN_NONE;
        }
        bit = bit * 10 + name[3] - '0';
    }
    return bit < PIC32_PORT_PINS
           ? (letter - port_letters) * PIC32_PORT_PINS + bit : PIC32_PIN_NONE;
}

void pic32_pin_name(PIC32Pin pin, char name[5])
{
    assert(pin / PIC32_PORT_PINS < PIC32_N_PORTS);
    snprintf(name, 5, "R%c%u", port_letters[pin / PIC32_PORT_PINS],
             pin % PIC32_PORT_PINS);
}

bool pic32_ports_has(PIC32Ports *s, PIC32Pin pin)
{
    unsigned port = pin / PIC32_PORT_PINS;

    return port < PIC32_N_PORTS
           && extract32(s->implemented[port], pin % PIC32_PORT_PINS, 1);
}

static uint16_t ports_get(PIC32Ports *s, unsigned port, unsigned reg)
{
    return pic32_sfr_get(&s->regs, port * PORT_STRIDE + reg);
}

static void ports_set(PIC32Ports *s, unsigned port, unsigned reg,
                      uint16_t value)
{
    pic32_sfr_set(&s->regs, port * PORT_STRIDE + reg, value);
}

static void ports_tell(PIC32Ports *s, unsigned port, uint16_t changed,
                       bool output)
{
    PIC32PinWatch *watch;
    unsigned bit;
    int level;

    for (bit = 0; bit < PIC32_PORT_PINS; bit++) {
        if (!extract32(changed, bit, 1)) {
            continue;
        }
        if (!output) {
            level = extract32(s->input[port], bit, 1);
        } else if (extract32(s->told_driven[port], bit, 1)) {
            level = extract32(s->told_level[port], bit, 1);
        } else {
            level = -1;
        }
        QLIST_FOREACH(watch, &s->watches, next) {
            PIC32PinFn *fn = output ? watch->output : watch->input;

            if (fn) {
                fn(watch->opaque, port * PIC32_PORT_PINS + bit, level);
            }
        }
    }
}

static void ports_tell_waveforms(PIC32Ports *s, unsigned port, uint16_t begun)
{
    PIC32PinWatch *watch;
    unsigned bit;

    for (bit = 0; bit < PIC32_PORT_PINS; bit++) {
        unsigned pin = port * PIC32_PORT_PINS + bit;

        if (!extract32(begun, bit, 1)) {
            continue;
        }
        QLIST_FOREACH(watch, &s->watches, next) {
            if (watch->waveform) {
                watch->waveform(watch->opaque, pin, &s->waveform[pin]);
            }
        }
    }
}

static void ports_update_irq(PIC32Ports *s, unsigned port)
{
    uint16_t cncon = ports_get(s, port, R_CNCON);
    uint16_t events = cncon & CNCON_EDGEDETECT ? ports_get(s, port, R_CNF)
                                               : ports_get(s, port, R_CNSTAT);

    /* DS60001320 table 7-2: change notification is a persistent source. */
    qemu_set_irq(s->irq[port], cncon & CNCON_ON && events);
}

static uint16_t ports_out_level(PIC32Ports *s, unsigned port)
{
    return (s->override[port] & s->override_level[port])
           | (~s->override[port] & ports_get(s, port, R_LAT));
}

/* The pins that the chip drives. */
static uint16_t ports_driven(PIC32Ports *s, unsigned port)
{
    uint16_t driven = (s->override[port] | ~ports_get(s, port, R_TRIS))
                      & s->implemented[port];

    /* DS60001320 12.1.1: an open drain output never drives high. */
    return driven & ~(ports_get(s, port, R_ODC) & ports_out_level(s, port));
}

/* The levels of a port's pins, those of analog ones as well. */
static uint16_t ports_level(PIC32Ports *s, unsigned port)
{
    uint16_t driven = ports_driven(s, port);

    return ((driven & ports_out_level(s, port))
            | (~driven & s->outside[port] & s->outside_level[port])
            | (~driven & ~s->outside[port] & ports_get(s, port, R_CNPU)))
           & s->implemented[port];
}

static void ports_tell_voltage(PIC32Ports *s, unsigned port, uint16_t changed)
{
    PIC32PinWatch *watch;

    for (; changed; changed &= changed - 1) {
        QLIST_FOREACH(watch, &s->watches, next) {
            if (watch->voltage) {
                watch->voltage(watch->opaque,
                               port * PIC32_PORT_PINS + ctz32(changed));
            }
        }
    }
}

static void ports_update_voltages(PIC32Ports *s, unsigned port)
{
    uint16_t driven = ports_driven(s, port), level = ports_level(s, port);
    uint16_t changed = (driven ^ s->told_pin_driven[port])
                       | (level ^ s->told_pin[port]);

    s->told_pin_driven[port] = driven;
    s->told_pin[port] = level;
    ports_tell_voltage(s, port, changed);
}

static void ports_update_inputs(PIC32Ports *s, unsigned port)
{
    uint16_t cncon = ports_get(s, port, R_CNCON);
    uint16_t cnen = ports_get(s, port, R_CNEN);
    uint16_t input = ports_level(s, port) & ~ports_get(s, port, R_ANSEL);
    uint16_t changed = input ^ s->input[port];

    s->input[port] = input;
    if (cncon & CNCON_ON) {
        if (cncon & CNCON_EDGEDETECT) {
            ports_set(s, port, R_CNF, ports_get(s, port, R_CNF)
                      | (changed & input & cnen)
                      | (changed & ~input & ports_get(s, port, R_CNNE)));
        } else {
            ports_set(s, port, R_CNSTAT, ports_get(s, port, R_CNSTAT)
                      | ((input ^ s->last_read[port]) & cnen));
        }
    }
    ports_update_irq(s, port);
    ports_tell(s, port, changed, false);
}

static void ports_update_outputs(PIC32Ports *s, unsigned port)
{
    uint16_t driven = ports_driven(s, port);
    uint16_t level = ports_out_level(s, port) & driven;
    uint16_t waving = s->waving[port];
    uint16_t begun = waving & ~s->told_waving[port];
    uint16_t changed = (driven ^ s->told_driven[port])
                       | (level ^ s->told_level[port]);

    /* No word of a waveform's edges, but of the level that it ends with. */
    changed = (changed | s->told_waving[port]) & ~waving;
    s->told_waving[port] = waving;
    s->told_driven[port] = driven;
    s->told_level[port] = level;
    ports_tell(s, port, changed, true);
    ports_tell_waveforms(s, port, begun);
}

/*
 * Works out a port's pins anew, and what follows from their change: a watch
 * that is told of an input may drive a pin in turn.
 */
static void ports_update(PIC32Ports *s, unsigned port)
{
    ports_update_inputs(s, port);
    ports_update_outputs(s, port);
    ports_update_voltages(s, port);
}

/* Waveforms */

int64_t pic32_ports_edge_ns(PIC32Ports *s)
{
    return s->edge_ns >= 0 ? s->edge_ns
                           : qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

int64_t pic32_ports_set_edge_ns(PIC32Ports *s, int64_t ns)
{
    int64_t before = s->edge_ns;

    s->edge_ns = ns;
    return before;
}

bool pic32_ports_waving(PIC32Ports *s)
{
    return !buffer_is_zero(s->waving, sizeof(s->waving));
}

static bool ports_heeded(PIC32Ports *s, PIC32Pin pin)
{
    unsigned port = pin / PIC32_PORT_PINS, bit = pin % PIC32_PORT_PINS;
    uint16_t cncon = ports_get(s, port, R_CNCON), cn;
    PIC32PinWatch *watch;

    if (s->waveform[pin].period
        < (NANOSECONDS_PER_SECOND << 32) / PIC32_HEED_MAX_HZ) {
        return false;
    }
    cn = ports_get(s, port, R_CNEN);
    if (cncon & CNCON_EDGEDETECT) {
        cn |= ports_get(s, port, R_CNNE);
    }
    if (cncon & CNCON_ON && extract32(cn, bit, 1)) {
        return true;
    }
    QLIST_FOREACH(watch, &s->watches, next) {
        if (watch->heeds && watch->heeds(watch->opaque, pin)) {
            return true;
        }
    }
    return false;
}

/* Finds out anew which edges are heeded, and sets the timer for the first. */
static void ports_arm_edges(PIC32Ports *s)
{
    int64_t now = pic32_ports_edge_ns(s), first = INT64_MAX;
    unsigned port, bit;

    for (port = 0; port < PIC32_N_PORTS; port++) {
        for (bit = 0; s->waving[port] >> bit; bit++) {
            PIC32Pin pin = port * PIC32_PORT_PINS + bit;

            if (!extract32(s->waving[port], bit, 1)) {
                continue;
            }
            if (!ports_heeded(s, pin)) {
                s->edge_at[pin] = INT64_MAX;
            } else if (s->edge_at[pin] == INT64_MAX) {
                s->edge_at[pin] = pic32_waveform_next_edge(&s->waveform[pin],
                                                           now);
            }
            first = MIN(first, s->edge_at[pin]);
        }
    }
    if (first == INT64_MAX) {
        timer_del(s->edge);
    } else {
        timer_mod_ns(s->edge, first);
    }
}

static void ports_set_wave_level(PIC32Ports *s, PIC32Pin pin, int64_t ns)
{
    unsigned port = pin / PIC32_PORT_PINS;

    s->override_level[port] = deposit32(s->override_level[port],
        pin % PIC32_PORT_PINS, 1,
        pic32_waveform_level(&s->waveform[pin], ns));
}

/* The pin with the earliest heeded edge that is due, or PIC32_PIN_NONE. */
static PIC32Pin ports_due_edge(PIC32Ports *s, int64_t now)
{
    PIC32Pin due = PIC32_PIN_NONE;
    unsigned port, bit;

    for (port = 0; port < PIC32_N_PORTS; port++) {
        for (bit = 0; s->waving[port] >> bit; bit++) {
            PIC32Pin pin = port * PIC32_PORT_PINS + bit;

            if (extract32(s->waving[port], bit, 1) && s->edge_at[pin] <= now
                && (due == PIC32_PIN_NONE
                    || s->edge_at[pin] < s->edge_at[due])) {
                due = pin;
            }
        }
    }
    return due;
}

/* A waveform's level goes to whoever follows what the chip drives. */
static void ports_tell_edge(PIC32Ports *s, PIC32Pin pin)
{
    unsigned port = pin / PIC32_PORT_PINS, bit = pin % PIC32_PORT_PINS;
    int level = extract32(s->override_level[port], bit, 1);
    PIC32PinWatch *watch;

    if (!extract32(ports_driven(s, port), bit, 1)) {
        level = -1;         /* an open drain that is high */
    }
    QLIST_FOREACH(watch, &s->watches, next) {
        if (watch->edge) {
            watch->edge(watch->opaque, pin, level);
        }
    }
}

/* Makes the heeded edges that are due, in order, each at its time. */
static void ports_make_edges(PIC32Ports *s)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    PIC32Pin pin;

    if (s->edge_ns >= 0 || !pic32_ports_waving(s)) {
        return;             /* a watch that is being told of an edge looks */
    }
    while ((pin = ports_due_edge(s, now)) != PIC32_PIN_NONE) {
        s->edge_ns = s->edge_at[pin];
        s->edge_at[pin] = pic32_waveform_next_edge(&s->waveform[pin],
                                                   s->edge_ns);
        ports_set_wave_level(s, pin, s->edge_ns);
        ports_update(s, pin / PIC32_PORT_PINS);
        ports_tell_edge(s, pin);
        s->edge_ns = -1;
    }
}

static void ports_edge(void *opaque)
{
    ports_make_edges(opaque);
    ports_arm_edges(opaque);
}

/* Gives a port's waveforms their level of now. */
static void ports_refresh(PIC32Ports *s, unsigned port)
{
    unsigned bit;

    ports_make_edges(s);
    if (!s->waving[port]) {
        return;
    }
    for (bit = 0; s->waving[port] >> bit; bit++) {
        PIC32Pin pin = port * PIC32_PORT_PINS + bit;

        if (extract32(s->waving[port], bit, 1)
            && s->edge_at[pin] == INT64_MAX) {
            ports_set_wave_level(s, pin, pic32_ports_edge_ns(s));
        }
    }
    ports_update(s, port);
}

void pic32_ports_look(PIC32Ports *s, PIC32Pin pin)
{
    unsigned port = pin / PIC32_PORT_PINS;

    if (pic32_ports_has(s, pin) && s->waving[port]) {
        ports_refresh(s, port);
        ports_arm_edges(s);
    }
}

/* Registers */

static uint32_t ports_read(void *opaque, hwaddr offset, unsigned size)
{
    PIC32Ports *s = opaque;
    unsigned port = offset / PORT_STRIDE;

    if (offset % PORT_STRIDE != R_PORT) {
        return pic32_sfr_get(&s->regs, offset);
    }
    ports_refresh(s, port);
    /* FRM 12.3.3: reading PORT ends the mismatch. */
    s->last_read[port] = s->input[port];
    ports_set(s, port, R_CNSTAT, 0);
    ports_update_irq(s, port);
    return s->input[port];
}

static bool ports_before_write(void *opaque, hwaddr addr, uint32_t data,
                               unsigned size)
{
    /* What waveforms did up to now meets the old settings. */
    ports_refresh(opaque, addr / PORT_STRIDE);
    return false;
}

static void ports_write(void *opaque, hwaddr offset, uint32_t old,
                        uint32_t value)
{
    PIC32Ports *s = opaque;
    unsigned port = offset / PORT_STRIDE;

    switch (offset % PORT_STRIDE) {
    case R_PORT:
        ports_set(s, port, R_LAT, value);
        break;
    case R_LAT:
        /* What is stored for PORT is LAT: its aliases then act on LAT. */
        ports_set(s, port, R_PORT, value);
        break;
    case R_CNCON:
        if (!(value & CNCON_ON)) {
            ports_set(s, port, R_CNSTAT, 0);
        }
        break;
    }
    ports_update(s, port);
    if (s->waving[port]) {
        ports_arm_edges(s);
    }
}

static const PIC32SfrOps ports_ops = {
    .before_write = ports_before_write,
    .read = ports_read,
    .write = ports_write,
};

static void ports_drive(PIC32Ports *s, PIC32Pin pin, bool drive, bool level,
                        int millivolts)
{
    unsigned port = pin / PIC32_PORT_PINS, bit = pin % PIC32_PORT_PINS;

    s->outside[port] = deposit32(s->outside[port], bit, 1, drive);
    s->outside_level[port] = deposit32(s->outside_level[port], bit, 1, level);
    s->outside_mv[pin] = millivolts;
    ports_update(s, port);
    ports_tell_voltage(s, port, 1 << bit);
}

void pic32_ports_drive_pin(PIC32Ports *s, PIC32Pin pin, int level)
{
    if (pic32_ports_has(s, pin)) {
        ports_drive(s, pin, level >= 0, level > 0,
                    level > 0 ? PIC32_VDD_MV : 0);
    }
}

void pic32_ports_drive_voltage(PIC32Ports *s, PIC32Pin pin, int millivolts)
{
    bool level = millivolts >= VIH_MV;

    if (!pic32_ports_has(s, pin)) {
        return;
    }
    if (millivolts > VIL_MV && millivolts < VIH_MV) {
        level = extract32(ports_level(s, pin / PIC32_PORT_PINS),
                          pin % PIC32_PORT_PINS, 1);
    }
    ports_drive(s, pin, millivolts != PIC32_VOLTAGE_NONE, level,
                MAX(millivolts, 0));
}

void pic32_ports_analog_output(PIC32Ports *s, PIC32Pin pin, int millivolts)
{
    if (pic32_ports_has(s, pin) && s->analog_mv[pin] != millivolts) {
        s->analog_mv[pin] = millivolts;
        ports_tell_voltage(s, pin / PIC32_PORT_PINS,
                           1 << pin % PIC32_PORT_PINS);
    }
}

int pic32_ports_voltage(PIC32Ports *s, PIC32Pin pin)
{
    unsigned port = pin / PIC32_PORT_PINS, bit = pin % PIC32_PORT_PINS;

    if (!pic32_ports_has(s, pin)) {
        return 0;
    }
    if (extract32(s->waving[port], bit, 1) && s->edge_at[pin] == INT64_MAX) {
        /* no refresh: whoever asks may be told of a change just now */
        ports_set_wave_level(s, pin, pic32_ports_edge_ns(s));
    }
    if (!extract32(ports_driven(s, port), bit, 1)) {
        if (extract32(s->outside[port], bit, 1)) {
            return s->outside_mv[pin];
        }
        if (s->analog_mv[pin] != PIC32_VOLTAGE_NONE) {
            return s->analog_mv[pin];
        }
    }
    return extract32(ports_level(s, port), bit, 1) ? PIC32_VDD_MV : 0;
}

int pic32_ports_outside(PIC32Ports *s, PIC32Pin pin)
{
    unsigned port = pin / PIC32_PORT_PINS, bit = pin % PIC32_PORT_PINS;

    if (!pic32_ports_has(s, pin) || !extract32(s->outside[port], bit, 1)) {
        return -1;
    }
    return extract32(s->outside_level[port], bit, 1);
}

void pic32_ports_override(PIC32Ports *s, PIC32Pin pin, int level)
{
    unsigned port = pin / PIC32_PORT_PINS, bit = pin % PIC32_PORT_PINS;

    if (!pic32_ports_has(s, pin)) {
        return;
    }
    ports_refresh(s, port);
    s->waving[port] = deposit32(s->waving[port], bit, 1, 0);
    s->override[port] = deposit32(s->override[port], bit, 1, level >= 0);
    s->override_level[port] = deposit32(s->override_level[port], bit, 1,
                                        level > 0);
    ports_update(s, port);
}

void pic32_ports_override_waveform(PIC32Ports *s, PIC32Pin pin,
                                   const PIC32Waveform *waveform)
{
    unsigned port = pin / PIC32_PORT_PINS, bit = pin % PIC32_PORT_PINS;

    if (!waveform->high || waveform->high >= waveform->period) {
        pic32_ports_override(s, pin, !!waveform->high);
        return;
    }
    if (!pic32_ports_has(s, pin)) {
        return;
    }
    ports_refresh(s, port);
    if (extract32(s->waving[port], bit, 1)
        && !pic32_waveform_alike(&s->waveform[pin], waveform)) {
        s->told_waving[port] = deposit32(s->told_waving[port], bit, 1, 0);
    }
    s->waveform[pin] = *waveform;
    s->edge_at[pin] = INT64_MAX;
    s->waving[port] = deposit32(s->waving[port], bit, 1, 1);
    s->override[port] = deposit32(s->override[port], bit, 1, 1);
    ports_set_wave_level(s, pin, pic32_ports_edge_ns(s));
    ports_update(s, port);
    ports_tell_edge(s, pin);
    ports_arm_edges(s);
}

int pic32_ports_input(PIC32Ports *s, PIC32Pin pin)
{
    if (pic32_ports_has(s, pin)) {
        ports_refresh(s, pin / PIC32_PORT_PINS);
    }
    return pic32_ports_has(s, pin)
           && extract32(s->input[pin / PIC32_PORT_PINS],
                        pin % PIC32_PORT_PINS, 1);
}

bool pic32_ports_digital(PIC32Ports *s, PIC32Pin pin)
{
    return pic32_ports_has(s, pin)
           && !extract32(ports_get(s, pin / PIC32_PORT_PINS, R_ANSEL),
                         pin % PIC32_PORT_PINS, 1);
}

void pic32_ports_watch(PIC32Ports *s, PIC32PinWatch *watch)
{
    QLIST_INSERT_HEAD(&s->watches, watch, next);
}

static void ports_reset_enter(Object *obj, ResetType type)
{
    PIC32Ports *s = PIC32_PORTS(obj);
    unsigned pin;

    pic32_sfr_reset(&s->regs);
    memset(s->override, 0, sizeof(s->override));
    memset(s->waving, 0, sizeof(s->waving));
    timer_del(s->edge);
    for (pin = 0; pin < N_PINS; pin++) {
        s->analog_mv[pin] = PIC32_VOLTAGE_NONE;
    }
}

static void ports_reset_hold(Object *obj)
{
    PIC32Ports *s = PIC32_PORTS(obj);
    unsigned port;

    for (port = 0; port < PIC32_N_PORTS; port++) {
        ports_update(s, port);
        s->last_read[port] = s->input[port];
    }
}

/* DS60001320 table 12-4 and following: no register where no pin has the bit. */
static bool ports_has(unsigned port, unsigned reg)
{
    switch (reg) {
    case R_ANSEL:
        return analog_pins[port];
    case R_SRCON0:
    case R_SRCON1:
        return slew_pins[port];
    default:
        return true;
    }
}

/* Returns the number of registers. */
static unsigned ports_define(PIC32Ports *s)
{
    static const struct {
        const char *name;
        uint8_t offset;
    } regs[REGS_A_PORT] = {
        { "ANSEL%c", R_ANSEL }, { "TRIS%c", R_TRIS }, { "PORT%c", R_PORT },
        { "LAT%c", R_LAT }, { "ODC%c", R_ODC }, { "CNPU%c", R_CNPU },
        { "CNPD%c", R_CNPD }, { "CNCON%c", R_CNCON }, { "CNEN%c", R_CNEN },
        { "CNSTAT%c", R_CNSTAT }, { "CNNE%c", R_CNNE }, { "CNF%c", R_CNF },
        { "SRCON0%c", R_SRCON0 }, { "SRCON1%c", R_SRCON1 },
    };
    PIC32SfrDef *def = s->defs;
    unsigned port, i;

    for (port = 0; port < PIC32_N_PORTS; port++) {
        for (i = 0; i < REGS_A_PORT; i++) {
            uint16_t pins = s->implemented[port];
            uint16_t writable = pins, reset = 0;

            if (!ports_has(port, regs[i].offset)) {
                continue;
            }

            switch (regs[i].offset) {
            case R_ANSEL:
                writable = reset = pins & analog_pins[port];
                break;
            case R_TRIS:
                reset = pins;
                break;
            case R_CNCON:
                writable = pins ? CNCON_ON | CNCON_EDGEDETECT : 0;
                break;
            case R_CNSTAT:
                writable = 0;
                break;
            case R_SRCON0:
            case R_SRCON1:
                writable = pins & slew_pins[port];
                break;
            }
            def->name = g_strdup_printf(regs[i].name, port_letters[port]);
            def->offset = port * PORT_STRIDE + regs[i].offset;
            def->reset = reset;
            def->writable = writable;
            def++;
        }
    }
    return def - s->defs;
}

static void ports_realize(DeviceState *dev, Error **errp)
{
    PIC32Ports *s = PIC32_PORTS(dev);
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(packages); i++) {
        if (packages[i].pins == s->package) {
            memcpy(s->implemented, packages[i].implemented,
                   sizeof(s->implemented));
            pic32_sfr_init(&s->regs, OBJECT(s), TYPE_PIC32_PORTS,
                           PIC32_PORTS_SIZE, s->defs, ports_define(s),
                           &ports_ops, s);
            sysbus_init_mmio(SYS_BUS_DEVICE(dev), &s->regs.iomem);
            return;
        }
    }
    error_setg(errp, "no package of %u pins: 64, 100, 124 and 144 are known",
               s->package);
}

static void ports_init(Object *obj)
{
    PIC32Ports *s = PIC32_PORTS(obj);
    unsigned port;

    QLIST_INIT(&s->watches);
    s->edge = timer_new_ns(QEMU_CLOCK_VIRTUAL, ports_edge, s);
    s->edge_ns = -1;
    for (port = 0; port < PIC32_N_PORTS; port++) {
        sysbus_init_irq(SYS_BUS_DEVICE(obj), &s->irq[port]);
    }
}

static int ports_post_load(void *opaque, int version_id)
{
    PIC32Ports *s = opaque;
    unsigned port;

    for (port = 0; port < PIC32_N_PORTS; port++) {
        ports_update(s, port);
    }
    return 0;
}

static const VMStateDescription vmstate_ports = {
    .name = TYPE_PIC32_PORTS,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = ports_post_load,
    .fields = (VMStateField[]) {
        VMSTATE_PIC32_SFR(regs, PIC32Ports),
        VMSTATE_UINT16_ARRAY(outside, PIC32Ports, PIC32_N_PORTS),
        VMSTATE_UINT16_ARRAY(outside_level, PIC32Ports, PIC32_N_PORTS),
        VMSTATE_UINT16_ARRAY(outside_mv, PIC32Ports, N_PINS),
        VMSTATE_INT16_ARRAY(analog_mv, PIC32Ports, N_PINS),
        VMSTATE_UINT16_ARRAY(override, PIC32Ports, PIC32_N_PORTS),
        VMSTATE_UINT16_ARRAY(override_level, PIC32Ports, PIC32_N_PORTS),
        VMSTATE_UINT16_ARRAY(waving, PIC32Ports, PIC32_N_PORTS),
        VMSTATE_STRUCT_ARRAY(waveform, PIC32Ports, N_PINS, 1,
                             vmstate_pic32_waveform, PIC32Waveform),
        VMSTATE_INT64_ARRAY(edge_at, PIC32Ports, N_PINS),
        VMSTATE_TIMER_PTR(edge, PIC32Ports),
        VMSTATE_UINT16_ARRAY(input, PIC32Ports, PIC32_N_PORTS),
        VMSTATE_UINT16_ARRAY(last_read, PIC32Ports, PIC32_N_PORTS),
        VMSTATE_END_OF_LIST()
    }
};

static Property ports_properties[] = {
    DEFINE_PROP_UINT32("package", PIC32Ports, package, 144),
    DEFINE_PROP_END_OF_LIST(),
};

static void ports_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->realize = ports_realize;
    dc->vmsd = &vmstate_ports;
    rc->phases.enter = ports_reset_enter;
    rc->phases.hold = ports_reset_hold;
    device_class_set_props(dc, ports_properties);
}

static const TypeInfo ports_types[] = {
    {
        .name = TYPE_PIC32_PORTS,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Ports),
        .instance_init = ports_init,
        .class_init = ports_class_init,
    },
};

DEFINE_TYPES(ports_types)
