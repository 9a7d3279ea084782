/*
 * Ethernet frames on their way: queues that keep their order and migrate
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <zlib.h>
#include "qemu/bswap.h"
#include "pic32mz_frame.h"

PIC32Frame *pic32_frame_new(const uint8_t *data, uint32_t len, uint32_t room)
{
    PIC32Frame *frame = g_new0(PIC32Frame, 1);

    frame->data = g_malloc0(len + room);
    frame->len = len;
    memcpy(frame->data, data, len);
    return frame;
}

void pic32_frame_free(PIC32Frame *frame)
{
    if (frame) {
        g_free(frame->data);
        g_free(frame);
    }
}

/* IEEE 802.3 3.2.9: CRC-32, sent least significant byte first. */
static uint32_t pic32_frame_fcs(const uint8_t *data, uint32_t len)
{
    return cpu_to_le32(crc32(0, data, len));
}

void pic32_frame_add_fcs(PIC32Frame *frame)
{
    uint32_t fcs = pic32_frame_fcs(frame->data, frame->len);

    memcpy(frame->data + frame->len, &fcs, PIC32_FCS_LEN);
    frame->len += PIC32_FCS_LEN;
    frame->has_fcs = true;
}

bool pic32_frame_fcs_ok(const PIC32Frame *frame)
{
    uint32_t fcs;

    if (frame->len < PIC32_FCS_LEN) {
        return false;
    }
    fcs = pic32_frame_fcs(frame->data, frame->len - PIC32_FCS_LEN);
    return !memcmp(frame->data + frame->len - PIC32_FCS_LEN, &fcs,
                   PIC32_FCS_LEN);
}

void pic32_frame_queue_init(PIC32FrameQueue *queue)
{
    QTAILQ_INIT(&queue->head);
    queue->count = 0;
    queue->bytes = 0;
}

void pic32_frame_queue_clear(PIC32FrameQueue *queue)
{
    while (queue->count) {
        pic32_frame_free(pic32_frame_queue_pop(queue));
    }
}

static void pic32_frame_queue_count(PIC32FrameQueue *queue, PIC32Frame *frame)
{
    queue->count++;
    queue->bytes += frame->len;
}

void pic32_frame_queue_push(PIC32FrameQueue *queue, PIC32Frame *frame)
{
    QTAILQ_INSERT_TAIL(&queue->head, frame, next);
    pic32_frame_queue_count(queue, frame);
}

PIC32Frame *pic32_frame_queue_first(PIC32FrameQueue *queue)
{
    return QTAILQ_FIRST(&queue->head);
}

PIC32Frame *pic32_frame_queue_pop(PIC32FrameQueue *queue)
{
    PIC32Frame *frame = QTAILQ_FIRST(&queue->head);

    if (frame) {
        QTAILQ_REMOVE(&queue->head, frame, next);
        queue->count--;
        queue->bytes -= frame->len;
    }
    return frame;
}

static const VMStateDescription vmstate_pic32_frame = {
    .name = "pic32mz-frame",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_INT64(time, PIC32Frame),
        VMSTATE_BOOL(has_fcs, PIC32Frame),
        VMSTATE_UINT8(match, PIC32Frame),
        VMSTATE_UINT32(len, PIC32Frame),
        VMSTATE_VBUFFER_ALLOC_UINT32(data, PIC32Frame, 0, NULL, len),
        VMSTATE_END_OF_LIST()
    }
};

/* The list's loader appends: what a snapshot finds in the queue goes first. */
static int pic32_frame_queue_pre_load(void *opaque)
{
    pic32_frame_queue_clear(opaque);
    return 0;
}

static int pic32_frame_queue_post_load(void *opaque, int version_id)
{
    PIC32FrameQueue *queue = opaque;
    PIC32Frame *frame;

    queue->count = 0;
    queue->bytes = 0;
    QTAILQ_FOREACH(frame, &queue->head, next) {
        pic32_frame_queue_count(queue, frame);
    }
    return 0;
}

const VMStateDescription vmstate_pic32_frame_queue = {
    .name = "pic32mz-frame-queue",
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_load = pic32_frame_queue_pre_load,
    .post_load = pic32_frame_queue_post_load,
    .fields = (VMStateField[]) {
        VMSTATE_QTAILQ_V(head, PIC32FrameQueue, 1, vmstate_pic32_frame,
                         PIC32Frame, next),
        VMSTATE_END_OF_LIST()
    }
};
