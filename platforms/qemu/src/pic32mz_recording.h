/*
 * The list of a run: what came from outside and when, to be played again
 *
 * One JSON object a line, in the order in which things took effect:
 *  {"t":N,"channel":"uart1","data":"<hex>"}    also "net"
 *  {"t":N,"channel":"panel","data":{...}}      also "wire", "link"
 *  {"t":N,"sums":{"uart":"<hex>","panel":"<hex>","frames":"<hex>"}}
 *                          checksums of all that the board has sent up to N
 *  {"t":N,"lost":"..."}    something from outside that cannot be played
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_RECORDING_H
#define HW_MIPS_PIC32MZ_RECORDING_H

#include "migration/vmstate.h"

typedef enum PIC32InputChannel {
    PIC32_INPUT_UART,           /* UART1 to UART6: six in a row */
    PIC32_INPUT_PANEL = PIC32_INPUT_UART + 6,
    PIC32_INPUT_WIRE,
    PIC32_INPUT_NET,
    PIC32_INPUT_LINK,
    PIC32_N_INPUTS
} PIC32InputChannel;

typedef enum PIC32Output {
    PIC32_OUTPUT_UART,
    PIC32_OUTPUT_PANEL,
    PIC32_OUTPUT_FRAMES,
    PIC32_N_OUTPUTS
} PIC32Output;

typedef struct PIC32Input {
    int64_t time;               /* ns of virtual time */
    uint8_t channel;
    uint32_t len;
    uint8_t *data;              /* JSON text of panel, wire and link */
    QTAILQ_ENTRY(PIC32Input) next;
} PIC32Input;

typedef struct PIC32Recording {
    int fd;                     /* of the list that is written, or -1 */
    GPtrArray *played;          /* PIC32Input, or NULL: nothing is played */
    uint32_t position;          /* in played */
    uint64_t sums[PIC32_N_OUTPUTS];
    int64_t last_output;        /* ns of virtual time; -1: written already */
} PIC32Recording;

PIC32Input *pic32_input_new(int64_t time, PIC32InputChannel channel,
                            const void *data, size_t len);
void pic32_input_free(PIC32Input *input);

/* Each path may be NULL. False and an error: a list is not as it should be. */
bool pic32_recording_open(PIC32Recording *r, const char *record,
                          const char *play, Error **errp);
void pic32_recording_close(PIC32Recording *r);

static inline bool pic32_recording_plays(const PIC32Recording *r)
{
    return r->played;
}

/* The next input of the list that is played; NULL: no more. */
const PIC32Input *pic32_recording_next(const PIC32Recording *r);

/* An input takes effect; one that was played has been dealt with. */
void pic32_recording_input(PIC32Recording *r, const PIC32Input *input);

/* Something happened that a replay will not have. */
void pic32_recording_lost(PIC32Recording *r, int64_t time, const char *what);

/* The board sends; times never go back. */
void pic32_recording_output(PIC32Recording *r, PIC32Output output, int64_t time,
                            const void *data, size_t len);

/* {"uart":"<hex>",...}: of all that the board has sent. Caller frees. */
char *pic32_recording_sums(const PIC32Recording *r);

extern const VMStateDescription vmstate_pic32_input;
extern const VMStateDescription vmstate_pic32_recording;

#endif
