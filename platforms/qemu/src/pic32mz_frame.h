/*
 * Ethernet frames on their way: queues that keep their order and migrate
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_FRAME_H
#define HW_MIPS_PIC32MZ_FRAME_H

#include "qemu/queue.h"
#include "migration/vmstate.h"

enum {
    PIC32_FCS_LEN = 4,
    PIC32_FRAME_MIN = 60,       /* without FCS; what a station pads to */
    PIC32_FRAME_MAX = 16384,    /* without FCS; no longer one is carried */
};

typedef struct PIC32Frame {
    int64_t time;               /* ns of virtual time; the queue's owner says of what */
    bool has_fcs;               /* the last four bytes are the FCS */
    uint8_t match;              /* receive filters that it met, RXF_RSV */
    uint32_t len;
    uint8_t *data;
    QTAILQ_ENTRY(PIC32Frame) next;
} PIC32Frame;

typedef struct PIC32FrameQueue {
    QTAILQ_HEAD(, PIC32Frame) head;
    uint32_t count;
    uint32_t bytes;
} PIC32FrameQueue;

/* A frame of len bytes at data, copied, with room bytes more behind them. */
PIC32Frame *pic32_frame_new(const uint8_t *data, uint32_t len, uint32_t room);
void pic32_frame_free(PIC32Frame *frame);

/* Appends the FCS that belongs to the frame; there must be room for it. */
void pic32_frame_add_fcs(PIC32Frame *frame);
bool pic32_frame_fcs_ok(const PIC32Frame *frame);

void pic32_frame_queue_init(PIC32FrameQueue *queue);
void pic32_frame_queue_clear(PIC32FrameQueue *queue);
void pic32_frame_queue_push(PIC32FrameQueue *queue, PIC32Frame *frame);
/* The first frame, NULL when there is none; pop also removes it. */
PIC32Frame *pic32_frame_queue_first(PIC32FrameQueue *queue);
PIC32Frame *pic32_frame_queue_pop(PIC32FrameQueue *queue);

extern const VMStateDescription vmstate_pic32_frame_queue;

#define VMSTATE_PIC32_FRAME_QUEUE(_field, _state) \
    VMSTATE_STRUCT(_field, _state, 0, vmstate_pic32_frame_queue, \
                   PIC32FrameQueue)

#endif
