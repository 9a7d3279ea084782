/*
 * PIC32MZ I/O ports A to K with change notification
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_PORTS_H
#define HW_MIPS_PIC32MZ_PORTS_H

#include "hw/sysbus.h"
#include "pic32mz_sfr.h"
#include "pic32mz_waveform.h"

#define TYPE_PIC32_PORTS "pic32mz-ports"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Ports, PIC32_PORTS)

#define PIC32_N_PORTS       10      /* A to H, J, K: there is no port I */
#define PIC32_PORT_PINS     16
#define PIC32_PORTS_SIZE    0xA00   /* bytes of the register block */

#define PIC32_VDD_MV        3300    /* supply, analog parts included */
#define PIC32_PIN_MAX_MV    5500    /* DS60001320 chapter 37: 5V tolerant pins */
#define PIC32_VOLTAGE_NONE  (-1)    /* nothing drives */

/* A pin by number: index of the port, times 16, plus bit. */
typedef uint8_t PIC32Pin;
#define PIC32_PIN_NONE      0xFF

/* Told about every change of a pin; level is 0, 1, or -1: not driven. */
typedef void PIC32PinFn(void *opaque, PIC32Pin pin, int level);

/*
 * The chip begins to put a waveform on a pin, or another one. There is no word
 * of its edges; when it ends, the pin's level is told as usual.
 */
typedef void PIC32PinWaveformFn(void *opaque, PIC32Pin pin,
                                const PIC32Waveform *waveform);

/*
 * Whether somebody needs to be told of every edge that a waveform makes on
 * a pin. When the answer changes: pic32_ports_look().
 */
typedef bool PIC32PinHeedFn(void *opaque, PIC32Pin pin);

/* Told when a pin's voltage may have changed. */
typedef void PIC32VoltageFn(void *opaque, PIC32Pin pin);

typedef struct PIC32PinWatch {
    PIC32PinFn *output;     /* what the chip drives has changed; or NULL */
    PIC32PinFn *input;      /* what a digital input sees, 0 or 1; or NULL */
    PIC32PinWaveformFn *waveform;   /* or NULL */
    PIC32VoltageFn *voltage;        /* or NULL */
    PIC32PinHeedFn *heeds;  /* for input, voltage, edge; NULL: none is needed */
    PIC32PinFn *edge;       /* a heeded edge of what the chip drives; or NULL */
    void *opaque;
    QLIST_ENTRY(PIC32PinWatch) next;
} PIC32PinWatch;

/* The pin called name, such as "RB12", or PIC32_PIN_NONE. */
PIC32Pin pic32_pin_parse(const char *name);

/* Writes the pin's name, such as "RB12", into a buffer of 5 bytes. */
void pic32_pin_name(PIC32Pin pin, char name[5]);

/* Whether this chip's package has the pin. */
bool pic32_ports_has(PIC32Ports *s, PIC32Pin pin);

/*
 * Drives a pin from outside to level 0 or 1, or lets go of it (-1). A pin that
 * is not there is ignored.
 */
void pic32_ports_drive_pin(PIC32Ports *s, PIC32Pin pin, int level);

/*
 * Sets a pin's voltage from outside, 0 to PIC32_PIN_MAX_MV, or lets go of it
 * (PIC32_VOLTAGE_NONE). The last of this and pic32_ports_drive_pin() counts.
 */
void pic32_ports_drive_voltage(PIC32Ports *s, PIC32Pin pin, int millivolts);

/*
 * A peripheral's analog output onto a pin, or none (PIC32_VOLTAGE_NONE). What
 * the port or the world outside drives is stronger.
 */
void pic32_ports_analog_output(PIC32Ports *s, PIC32Pin pin, int millivolts);

/* A pin's voltage in millivolts: what an analog input on it sees. */
int pic32_ports_voltage(PIC32Ports *s, PIC32Pin pin);

/* What drives a pin from outside: 0, 1, or -1: nothing. */
int pic32_ports_outside(PIC32Ports *s, PIC32Pin pin);

/*
 * A peripheral takes a pin's output over and gives it level 0 or 1, or gives
 * it back to TRIS and LAT (-1).
 */
void pic32_ports_override(PIC32Ports *s, PIC32Pin pin, int level);

/*
 * As pic32_ports_override(), with a waveform. Its edges are simulated only
 * while somebody heeds them: change notification, or a watch; at most
 * PIC32_HEED_MAX_HZ, a faster waveform is heard by nobody. Whoever reads the
 * pin sees the right level at any time.
 */
void pic32_ports_override_waveform(PIC32Ports *s, PIC32Pin pin,
                                   const PIC32Waveform *waveform);

#define PIC32_HEED_MAX_HZ   1000000

/*
 * Brings a pin that carries a waveform up to date: its watches know the level
 * of now, and edges are simulated or not, as they are heeded now.
 */
void pic32_ports_look(PIC32Ports *s, PIC32Pin pin);

/* Whether any pin carries a waveform: without, there is nothing to look at. */
bool pic32_ports_waving(PIC32Ports *s);

/*
 * The exact virtual time of the change that watches are being told of. The
 * clock may be some ns further: an instruction is not divided.
 */
int64_t pic32_ports_edge_ns(PIC32Ports *s);

/*
 * What changes from now on did so at ns, a little while ago; -1: changes
 * happen now, as usual. Returns what was set before.
 */
int64_t pic32_ports_set_edge_ns(PIC32Ports *s, int64_t ns);

/* What a digital input on this pin sees: 0 or 1; 0 while it is analog. */
int pic32_ports_input(PIC32Ports *s, PIC32Pin pin);

/* Whether ANSEL leaves the pin's digital input buffer on. */
bool pic32_ports_digital(PIC32Ports *s, PIC32Pin pin);

/* Watches all pins from now on. The watch must live as long as the device. */
void pic32_ports_watch(PIC32Ports *s, PIC32PinWatch *watch);

#endif
