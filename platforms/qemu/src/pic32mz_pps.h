/*
 * PIC32MZ peripheral pin select: which pin a peripheral's signal is on
 *
 * Functions are called by their datasheet names without R: inputs "INT1",
 * "T2CK", "U2RX", ..., outputs "U2TX", "OC1", "REFCLKO1", ...
 * (DS60001320 tables 12-1 and 12-2). A name that is not there is a bug of
 * the caller and asserts.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_PPS_H
#define HW_MIPS_PIC32MZ_PPS_H

#include "hw/sysbus.h"
#include "pic32mz_ports.h"

#define TYPE_PIC32_PPS "pic32mz-pps"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Pps, PIC32_PPS)

#define PIC32_PPS_SIZE 0x400    /* bytes of the register block */

/* The pin that an input function is taken from, or PIC32_PIN_NONE. */
PIC32Pin pic32_pps_input_pin(PIC32Pps *s, const char *function);

/* Whether an input function has a pin, and ANSEL leaves that pin digital. */
bool pic32_pps_input_routed(PIC32Pps *s, const char *function);

/* Whether an output function is on any pin; whether it is on this one. */
bool pic32_pps_output_routed(PIC32Pps *s, const char *function);
bool pic32_pps_output_on(PIC32Pps *s, const char *function, PIC32Pin pin);

/*
 * An output's level: 0, 1, or -1 while its peripheral is off. It reaches
 * every pin that the function is on, now and after it is routed anew.
 */
void pic32_pps_set_output(PIC32Pps *s, const char *function, int level);

/* The same at a virtual time that is just past: ns, the exact one. */
void pic32_pps_set_output_at(PIC32Pps *s, const char *function, int level,
                             int64_t ns);

/*
 * An output carries a waveform, until its next pic32_pps_set_output(). The
 * host is told once; edges are simulated only where an input heeds them.
 * For whatever goes on and on: PWM, clock outputs.
 */
void pic32_pps_set_waveform(PIC32Pps *s, const char *function,
                            const PIC32Waveform *waveform);

/* Told when what an input function sees has changed; level is 0 or 1. */
typedef void PIC32PpsInputFn(void *opaque, int level);

/* Whether a watcher needs every edge of its input now. */
typedef bool PIC32PpsHeedFn(void *opaque);

/*
 * Watches an input function from now on, through every new routing. heeds
 * says whether edges of a waveform on the pin must be told, too; NULL: never.
 */
void pic32_pps_watch_input(PIC32Pps *s, const char *function,
                           PIC32PpsInputFn *fn, PIC32PpsHeedFn *heeds,
                           void *opaque);

/*
 * For a watcher whose heed is about to change, or has just changed: it is
 * told the level of now, if that is news.
 */
void pic32_pps_look(PIC32Pps *s, const char *function);

/* The exact virtual time of the change that a watcher is being told of. */
int64_t pic32_pps_edge_ns(PIC32Pps *s);

#endif
