/*
 * PIC32MZ CAN: a frame's length on the wire and its rank in arbitration
 *
 * ISO 11898-1 as in section 34.2 of the PIC32 Family Reference Manual
 * (DS60001154): data and remote frames, 11 and 29 bits of identifier.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "migration/vmstate.h"
#include "pic32mz_can_internal.h"

#define CRC_POLYNOMIAL  0x4599
#define CRC_BITS        15
#define STUFF_AFTER     5

typedef struct Encoder {
    unsigned bits;              /* so far, with the stuff bits */
    unsigned run;               /* equal bits at the end */
    bool last;
    uint16_t crc;
} Encoder;

static void can_put_bit(Encoder *e, bool bit)
{
    bool next = bit ^ (e->crc >> (CRC_BITS - 1) & 1);

    e->crc = (e->crc << 1 & 0x7fff) ^ (next ? CRC_POLYNOMIAL : 0);
    e->bits++;
    e->run = bit == e->last ? e->run + 1 : 1;
    e->last = bit;
    if (e->run == STUFF_AFTER) {
        e->bits++;
        e->run = 1;
        e->last = !bit;
    }
}

static void can_put(Encoder *e, uint32_t value, unsigned width)
{
    while (width--) {
        can_put_bit(e, value >> width & 1);
    }
}

unsigned pic32_can_frame_length(const PIC32CanFrame *frame)
{
    return frame->remote ? 0 : MIN(frame->dlc, 8);
}

unsigned pic32_can_frame_bits(const PIC32CanFrame *frame)
{
    Encoder e = { .last = true };
    unsigned i;

    can_put(&e, 0, 1);                          /* start of frame */
    if (frame->extended) {
        can_put(&e, frame->id >> 18, 11);
        can_put(&e, 3, 2);                      /* SRR, IDE */
        can_put(&e, frame->id, 18);
        can_put(&e, frame->remote, 1);
        can_put(&e, 0, 2);                      /* RB1, RB0 */
    } else {
        can_put(&e, frame->id, 11);
        can_put(&e, frame->remote, 1);
        can_put(&e, 0, 2);                      /* IDE, RB0 */
    }
    can_put(&e, frame->dlc, 4);
    for (i = 0; i < pic32_can_frame_length(frame); i++) {
        can_put(&e, frame->data[i], 8);
    }
    can_put(&e, e.crc, CRC_BITS);
    return e.bits;
}

uint32_t pic32_can_frame_priority(const PIC32CanFrame *frame)
{
    /* as the bits follow each other: SID, RTR or SRR, IDE, EID, RTR */
    if (frame->extended) {
        return (frame->id >> 18) << 21 | 3 << 19 |
               (frame->id & 0x3ffff) << 1 | frame->remote;
    }
    return frame->id << 21 | (uint32_t)frame->remote << 20;
}

const VMStateDescription vmstate_pic32_can_frame = {
    .name = "pic32mz-can-frame",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_UINT32(id, PIC32CanFrame),
        VMSTATE_UINT8(extended, PIC32CanFrame),
        VMSTATE_UINT8(remote, PIC32CanFrame),
        VMSTATE_UINT8(dlc, PIC32CanFrame),
        VMSTATE_UINT8_ARRAY(data, PIC32CanFrame, 8),
        VMSTATE_END_OF_LIST()
    }
};
