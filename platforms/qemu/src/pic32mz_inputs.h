/*
 * Inputs from outside, each at a virtual time that is fixed before it comes
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_INPUTS_H
#define HW_MIPS_PIC32MZ_INPUTS_H

#include "hw/qdev-core.h"
#include "pic32mz_recording.h"

#define TYPE_PIC32_INPUTS "pic32mz-inputs"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Inputs, PIC32_INPUTS)

/*
 * No part of the chip. Properties "record" and "play": paths of lists, see
 * pic32mz_recording.h. A machine that plays takes no other inputs.
 */

/* An input takes effect. JSON text does not end with a zero. */
typedef void PIC32InputTake(void *opaque, const PIC32Input *input);

void pic32_inputs_connect(PIC32Inputs *s, PIC32InputChannel channel,
                          PIC32InputTake *take, void *opaque);

/*
 * Something has come. It takes effect between two instructions, at virtual
 * time at, but not before the next instruction. From any thread, BQL held.
 */
void pic32_inputs_add(PIC32Inputs *s, PIC32InputChannel channel, int64_t at,
                      const void *data, size_t len);

/* Bytes of a channel that have not taken effect; by it the host is held up. */
size_t pic32_inputs_waiting(PIC32Inputs *s, PIC32InputChannel channel);

bool pic32_inputs_play(PIC32Inputs *s);

/*
 * Calls over once, at virtual time until and after all inputs up to then; with
 * a quantum already at the first multiple of it at which the board has sent
 * something since the last run, if that is earlier.
 */
void pic32_inputs_run_until(PIC32Inputs *s, int64_t until, int64_t quantum,
                            void (*over)(void *opaque), void *opaque);
/* Forgets that; what has been sent so far has been looked at. */
void pic32_inputs_run_on(PIC32Inputs *s);

/* Something from outside that a replay will not have. */
void pic32_inputs_lost(PIC32Inputs *s, const char *what);

/* The board sends: for the checksums of the list, and for who waits for it. */
void pic32_inputs_output(PIC32Inputs *s, PIC32Output output, int64_t time,
                         const void *data, size_t len);

/* pic32_recording_sums(). Caller frees. */
char *pic32_inputs_sums(PIC32Inputs *s);

#endif
