/*
 * PIC32MZ CAN: the bus
 *
 * ISO 11898-1: one frame at a time, for as long as its bits last, stuff bits
 * included; arbitration by identifier among all that want to send when the
 * bus is free; acknowledgement; error frames. The modules on a wire are those
 * of this chip, and through a QEMU can-bus object those of the world outside,
 * whose frames take part in arbitration, too.
 *
 * A frame's outcome is told once for all: whoever runs at another bit rate
 * (2 %) and may say so destroys it at its 12th bit.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "qapi/error.h"
#include "pic32mz_can_internal.h"

/* What becomes of a frame */
enum {
    FRAME_WHOLE,
    FRAME_DISTURBED,        /* somebody cannot read it and says so */
    FRAME_UNCONNECTED,      /* its sender does not see its own bits */
};

enum {
    WIRE_IDLE,
    WIRE_SYNC,              /* somebody sends from the next bit on */
    WIRE_FRAME,             /* up to the acknowledge slot */
    WIRE_END_OF_FRAME,
    WIRE_ERROR_FRAME,
    WIRE_INTERMISSION,
};

/* Bits on the wire */
#define BITS_CRC_DELIMITER_ACK  2
#define BITS_END_OF_FRAME       8   /* acknowledge delimiter, end of frame */
#define BITS_ERROR_FRAME        14  /* error flag and its delimiter */
#define BITS_INTERMISSION       3
#define BITS_SUSPEND            8   /* after an error passive sender */
#define BITS_DISTURBED          12
#define BITS_UNCONNECTED        1
#define RATE_TOLERANCE          50  /* one part of so many */

static int64_t wire_bits_ns(uint64_t bit, uint64_t bits)
{
    uint64_t low, high;

    mulu64(&low, &high, bit, bits);     /* clocks count in 2^-32 ns */
    return low >> 32 | high << 32;
}

static PIC32Can *wire_sender(PIC32CanWire *wire)
{
    return wire->sender == CAN_OUTSIDE ? NULL : wire->node[wire->sender];
}

/* Goes on to a state that lasts some more bits of this frame. */
static void wire_enter(PIC32CanWire *wire, unsigned state, unsigned bits)
{
    wire->state = state;
    wire->bits += bits;
    timer_mod_ns(wire->timer,
                 wire->start + wire_bits_ns(wire->bit, wire->bits));
}

static bool wire_same_rate(PIC32CanWire *wire, PIC32Can *can)
{
    uint64_t bit = pic32_can_bit(can);
    uint64_t difference = bit > wire->bit ? bit - wire->bit : wire->bit - bit;

    return difference <= wire->bit / RATE_TOLERANCE;
}

/* Whether a module takes part in the frame that another one sends. */
static bool wire_listens(PIC32CanWire *wire, PIC32Can *can)
{
    return (can != wire_sender(wire) || wire->loopback) &&
           pic32_can_on_wire(can, wire) && pic32_can_hears(can, wire);
}

static uint8_t wire_fate(PIC32CanWire *wire)
{
    PIC32Can *sender = wire_sender(wire);
    unsigned i;

    if (sender && (!pic32_can_drives(sender, wire) ||
                   !pic32_can_hears(sender, wire))) {
        return FRAME_UNCONNECTED;
    }
    for (i = 0; i < wire->n_nodes; i++) {
        PIC32Can *can = wire->node[i];

        if (wire_listens(wire, can) && pic32_can_acknowledges(can, wire) &&
            pic32_can_drives(can, wire) && !pic32_can_error_passive(can) &&
            !wire_same_rate(wire, can)) {
            return FRAME_DISTURBED;
        }
    }
    return FRAME_WHOLE;
}

static bool wire_is_acknowledged(PIC32CanWire *wire)
{
    unsigned i;
    bool acknowledged = false;

    for (i = 0; i < wire->n_nodes; i++) {
        PIC32Can *can = wire->node[i];

        acknowledged |= wire_listens(wire, can) &&
                        pic32_can_acknowledges(can, wire) &&
                        pic32_can_drives(can, wire) &&
                        wire_same_rate(wire, can);
    }
    if (wire->sender != CAN_OUTSIDE && wire->client.bus) {
        struct qemu_can_frame out = {
            .can_id = wire->frame.id |
                      (wire->frame.extended ? QEMU_CAN_EFF_FLAG : 0) |
                      (wire->frame.remote ? QEMU_CAN_RTR_FLAG : 0),
            .can_dlc = MIN(wire->frame.dlc, 8),
        };

        memcpy(out.data, wire->frame.data, sizeof(wire->frame.data));
        acknowledged |= can_bus_client_send(&wire->client, &out, 1) > 0;
    }
    return acknowledged || wire->sender == CAN_OUTSIDE;
}

/* The bit time of a frame from outside: that of those who listen. */
static uint64_t wire_outside_bit(PIC32CanWire *wire)
{
    unsigned i;

    for (i = 0; i < wire->n_nodes; i++) {
        if (pic32_can_on_wire(wire->node[i], wire)) {
            return pic32_can_bit(wire->node[i]);
        }
    }
    return 0;
}

/* Arbitration among all that want to send; the winner's frame starts. */
static void wire_arbitrate(PIC32CanWire *wire)
{
    PIC32CanFrame frame[CAN_WIRE_NODES];
    unsigned fifo[CAN_WIRE_NODES];
    bool wants[CAN_WIRE_NODES] = { false };
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    int64_t later = INT64_MAX;
    uint64_t bit = 0;
    unsigned i;

    wire->state = WIRE_IDLE;
    if (wire->queued) {
        bit = wire_outside_bit(wire);
        if (bit) {
            wire->sender = CAN_OUTSIDE;
            wire->frame = wire->queue[0];
        } else {
            wire->queued = 0;           /* nobody is there to hear */
        }
    }
    for (i = 0; i < wire->n_nodes; i++) {
        PIC32Can *can = wire->node[i];

        if (!pic32_can_may_send(can, wire)) {
            continue;
        }
        if (can->suspended > now) {
            later = MIN(later, can->suspended);
            continue;
        }
        wants[i] = pic32_can_fifo_next(can, &fifo[i], &frame[i]);
        if (wants[i] && (!bit || pic32_can_frame_priority(&frame[i]) <
                                 pic32_can_frame_priority(&wire->frame))) {
            wire->sender = i;
            wire->fifo = fifo[i];
            wire->frame = frame[i];
            bit = pic32_can_bit(can);
        }
    }
    if (!bit) {
        if (later != INT64_MAX) {
            wire->state = WIRE_SYNC;
            timer_mod_ns(wire->timer, later);
        }
        return;
    }
    for (i = 0; i < wire->n_nodes; i++) {
        PIC32Can *can = wire->node[i];

        if (wants[i] && wire->sender != (int)i) {
            can_set(can, A_FIFOCON0 + fifo[i] * CAN_FIFO_STEP,
                    R_FIFOCON0_TXLARB_MASK);
        }
        pic32_can_bus_active(can);
    }
    wire->start = now;
    wire->bit = bit;
    wire->bits = 0;
    wire->fate = wire_fate(wire);
    wire_enter(wire, WIRE_FRAME,
               wire->fate == FRAME_DISTURBED ? BITS_DISTURBED :
               wire->fate == FRAME_UNCONNECTED ? BITS_UNCONNECTED :
               pic32_can_frame_bits(&wire->frame) + BITS_CRC_DELIMITER_ACK);
}

/* An error passive sender leaves the bus to the others for a while. */
static void wire_suspend(PIC32CanWire *wire, PIC32Can *sender, unsigned bits)
{
    if (pic32_can_error_passive(sender)) {
        sender->suspended = wire->start +
                            wire_bits_ns(wire->bit, wire->bits + bits);
    }
}

static void wire_acknowledge_slot(PIC32CanWire *wire)
{
    PIC32Can *sender = wire_sender(wire);
    unsigned i;

    if (wire->fate == FRAME_WHOLE && wire_is_acknowledged(wire)) {
        wire_enter(wire, WIRE_END_OF_FRAME, BITS_END_OF_FRAME);
        return;
    }
    wire_enter(wire, WIRE_ERROR_FRAME, BITS_ERROR_FRAME);
    if (sender) {
        pic32_can_failed(sender, wire->fifo, wire->fate == FRAME_WHOLE);
        wire_suspend(wire, sender, BITS_INTERMISSION + BITS_SUSPEND);
    }
    for (i = 0; i < wire->n_nodes; i++) {
        if (wire->fate == FRAME_DISTURBED &&
            wire_listens(wire, wire->node[i])) {
            pic32_can_disturbed(wire->node[i]);
        }
    }
}

static void wire_end_of_frame(PIC32CanWire *wire)
{
    PIC32Can *sender = wire_sender(wire);
    unsigned i;

    if (!sender) {
        wire->queued--;
        memmove(&wire->queue[0], &wire->queue[1],
                wire->queued * sizeof(wire->queue[0]));
    }
    for (i = 0; i < wire->n_nodes; i++) {
        if (!wire_listens(wire, wire->node[i])) {
            continue;
        }
        if (wire_same_rate(wire, wire->node[i])) {
            pic32_can_received(wire->node[i], &wire->frame);
        } else {
            pic32_can_disturbed(wire->node[i]);
        }
    }
    wire_enter(wire, WIRE_INTERMISSION, BITS_INTERMISSION);
    if (sender) {
        wire_suspend(wire, sender, BITS_SUSPEND);
        pic32_can_sent(sender, wire->fifo);
    }
}

static void wire_timer(void *opaque)
{
    PIC32CanWire *wire = opaque;
    unsigned i;

    switch (wire->state) {
    case WIRE_SYNC:
        wire_arbitrate(wire);
        break;
    case WIRE_FRAME:
        wire_acknowledge_slot(wire);
        break;
    case WIRE_END_OF_FRAME:
        wire_end_of_frame(wire);
        break;
    case WIRE_ERROR_FRAME:
        wire_enter(wire, WIRE_INTERMISSION, BITS_INTERMISSION);
        break;
    case WIRE_INTERMISSION:
        wire->state = WIRE_IDLE;
        for (i = 0; i < wire->n_nodes; i++) {
            pic32_can_bus_idle(wire->node[i]);
        }
        /* a mode that has just changed may have asked for the bus */
        wire_arbitrate(wire);
        break;
    default:
        break;
    }
}

static void wire_sync(PIC32CanWire *wire, uint64_t bit)
{
    int64_t next = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                   wire_bits_ns(bit, 1);

    if (wire->state == WIRE_IDLE ||
        (wire->state == WIRE_SYNC &&
         timer_expire_time_ns(wire->timer) > (uint64_t)next)) {
        wire->state = WIRE_SYNC;
        timer_mod_ns(wire->timer, next);
    }
}

void pic32_can_wire_request(PIC32CanWire *wire, PIC32Can *can)
{
    if (pic32_can_may_send(can, wire)) {
        wire_sync(wire, pic32_can_bit(can));
    }
}

bool pic32_can_wire_busy(PIC32CanWire *wire)
{
    return wire->state != WIRE_IDLE && wire->state != WIRE_SYNC;
}

bool pic32_can_wire_sending(PIC32CanWire *wire, PIC32Can *can, unsigned *fifo)
{
    *fifo = wire->fifo;
    return (wire->state == WIRE_FRAME || wire->state == WIRE_END_OF_FRAME) &&
           wire_sender(wire) == can;
}

void pic32_can_wire_join(PIC32CanWire *wire, PIC32Can *can)
{
    assert(wire->n_nodes < CAN_WIRE_NODES);
    wire->node[wire->n_nodes++] = can;
}

/* --- the world outside */

static bool wire_can_receive(CanBusClientState *client)
{
    PIC32CanWire *wire = container_of(client, PIC32CanWire, client);

    return wire->queued < CAN_WIRE_QUEUE && wire_outside_bit(wire);
}

static ssize_t wire_receive(CanBusClientState *client,
                            const struct qemu_can_frame *frames, size_t count)
{
    PIC32CanWire *wire = container_of(client, PIC32CanWire, client);
    size_t i;

    for (i = 0; i < count && wire->queued < CAN_WIRE_QUEUE; i++) {
        PIC32CanFrame *frame = &wire->queue[wire->queued];
        const struct qemu_can_frame *in = &frames[i];

        if (in->can_id & QEMU_CAN_ERR_FLAG ||
            in->flags & QEMU_CAN_FRMF_TYPE_FD) {
            continue;           /* the module knows no CAN FD */
        }
        frame->extended = !!(in->can_id & QEMU_CAN_EFF_FLAG);
        frame->remote = !!(in->can_id & QEMU_CAN_RTR_FLAG);
        frame->id = in->can_id & (frame->extended ? QEMU_CAN_EFF_MASK
                                                  : QEMU_CAN_SFF_MASK);
        frame->dlc = MIN(in->can_dlc, 8);
        memcpy(frame->data, in->data, sizeof(frame->data));
        wire->queued++;
    }
    if (wire->queued) {
        wire_sync(wire, wire_outside_bit(wire));
    }
    return i;
}

static CanBusClientInfo wire_client_info = {
    .can_receive = wire_can_receive,
    .receive = wire_receive,
};

/* --- the device */

static void wire_reset(DeviceState *dev)
{
    PIC32CanWire *wire = PIC32_CAN_WIRE(dev);

    timer_del(wire->timer);
    wire->state = WIRE_IDLE;
    wire->sender = CAN_OUTSIDE;
    wire->queued = 0;
}

static void wire_realize(DeviceState *dev, Error **errp)
{
    PIC32CanWire *wire = PIC32_CAN_WIRE(dev);

    wire->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, wire_timer, wire);
    if (wire->canbus) {
        wire->client.info = &wire_client_info;
        can_bus_insert_client(wire->canbus, &wire->client);
    }
}

/* What is in a snapshot names things that are there. */
static int wire_post_load(void *opaque, int version_id)
{
    PIC32CanWire *wire = opaque;

    return wire->state > WIRE_INTERMISSION || wire->queued > CAN_WIRE_QUEUE ||
           wire->sender < CAN_OUTSIDE || wire->sender >= (int)wire->n_nodes ||
           wire->fifo >= CAN_FIFOS ? -EINVAL : 0;
}

static const VMStateDescription vmstate_wire = {
    .name = TYPE_PIC32_CAN_WIRE,
    .version_id = 1,
    .minimum_version_id = 1,
    .post_load = wire_post_load,
    .fields = (const VMStateField[]) {
        VMSTATE_TIMER_PTR(timer, PIC32CanWire),
        VMSTATE_UINT8(state, PIC32CanWire),
        VMSTATE_INT8(sender, PIC32CanWire),
        VMSTATE_UINT8(fifo, PIC32CanWire),
        VMSTATE_UINT8(fate, PIC32CanWire),
        VMSTATE_STRUCT(frame, PIC32CanWire, 1, vmstate_pic32_can_frame,
                       PIC32CanFrame),
        VMSTATE_INT64(start, PIC32CanWire),
        VMSTATE_UINT64(bit, PIC32CanWire),
        VMSTATE_UINT32(bits, PIC32CanWire),
        VMSTATE_STRUCT_ARRAY(queue, PIC32CanWire, CAN_WIRE_QUEUE, 1,
                             vmstate_pic32_can_frame, PIC32CanFrame),
        VMSTATE_UINT32(queued, PIC32CanWire),
        VMSTATE_END_OF_LIST()
    }
};

static Property wire_properties[] = {
    DEFINE_PROP_LINK("canbus", PIC32CanWire, canbus, TYPE_CAN_BUS,
                     CanBusState *),
    DEFINE_PROP_END_OF_LIST(),
};

static void wire_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->realize = wire_realize;
    dc->reset = wire_reset;
    dc->vmsd = &vmstate_wire;
    device_class_set_props(dc, wire_properties);
}

static const TypeInfo wire_types[] = {
    {
        .name = TYPE_PIC32_CAN_WIRE,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32CanWire),
        .class_init = wire_class_init,
    },
};

DEFINE_TYPES(wire_types)
