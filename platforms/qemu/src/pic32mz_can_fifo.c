/*
 * PIC32MZ CAN: message FIFOs in RAM, acceptance filters
 *
 * PIC32 Family Reference Manual sections 34.6 to 34.9 (DS60001154): up to 32
 * FIFOs of up to 32 messages lie one behind the other from CxFIFOBA.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/bitops.h"
#include "exec/address-spaces.h"
#include "exec/memory.h"
#include "pic32mz_bus_master.h"
#include "pic32mz_can_internal.h"

/* A message buffer (FRM 34.6): four words, of which DONLY keeps the data. */
REG32(MSG_SID, 0x0)
    FIELD(MSG_SID, SID, 0, 11)
    FIELD(MSG_SID, FILHIT, 11, 5)
    FIELD(MSG_SID, TS, 16, 16)
REG32(MSG_EID, 0x4)
    FIELD(MSG_EID, DLC, 0, 4)
    FIELD(MSG_EID, RTR, 9, 1)
    FIELD(MSG_EID, EID, 10, 18)
    FIELD(MSG_EID, IDE, 28, 1)
    FIELD(MSG_EID, SRR, 29, 1)
#define MSG_BYTES       16
#define MSG_DATA        8
#define MSG_DATA_BYTES  8

#define DEVICENET_BITS  18

/* Only memory: the module's DMA reaches no registers. */
static const MemTxAttrs can_dma_attrs = { .memory = 1 };

static hwaddr can_con(unsigned n)
{
    return A_FIFOCON0 + n * CAN_FIFO_STEP;
}

static hwaddr can_int(unsigned n)
{
    return A_FIFOINT0 + n * CAN_FIFO_STEP;
}

static unsigned can_size(PIC32Can *s, unsigned n)
{
    return FIELD_EX32(can_reg(s, can_con(n)), FIFOCON0, FSIZE) + 1;
}

static unsigned can_message_bytes(PIC32Can *s, unsigned n)
{
    uint32_t con = can_reg(s, can_con(n));

    return !FIELD_EX32(con, FIFOCON0, TXEN) &&
           FIELD_EX32(con, FIFOCON0, DONLY) ? MSG_DATA_BYTES : MSG_BYTES;
}

/* The place behind the newest message. */
static unsigned can_free_index(PIC32Can *s, unsigned n)
{
    return (s->fifo[n].first + s->fifo[n].count) % can_size(s, n);
}

static uint32_t can_address(PIC32Can *s, unsigned n, unsigned index)
{
    uint32_t address = can_reg(s, A_FIFOBA);
    unsigned i;

    for (i = 0; i < n; i++) {
        address += can_size(s, i) * can_message_bytes(s, i);
    }
    return address + index * can_message_bytes(s, n);
}

bool pic32_can_fifo_is_tx(PIC32Can *s, unsigned n)
{
    return FIELD_EX32(can_reg(s, can_con(n)), FIFOCON0, TXEN);
}

uint32_t pic32_can_fifo_user_address(PIC32Can *s, unsigned n)
{
    return can_address(s, n, pic32_can_fifo_is_tx(s, n)
                             ? can_free_index(s, n) : s->fifo[n].first);
}

uint32_t pic32_can_fifo_index(PIC32Can *s, unsigned n)
{
    return pic32_can_fifo_is_tx(s, n) ? s->fifo[n].first
                                      : can_free_index(s, n);
}

/* The flags of CxFIFOINT; all but RXOVFLIF follow the number of messages. */
uint32_t pic32_can_fifo_flags(PIC32Can *s, unsigned n)
{
    unsigned count = s->fifo[n].count, size = can_size(s, n);
    uint32_t flags;

    if (pic32_can_fifo_is_tx(s, n)) {
        flags = FIELD_DP32(0, FIFOINT0, TXEMPTYIF, !count);
        flags = FIELD_DP32(flags, FIFOINT0, TXHALFIF, count * 2 <= size);
        return FIELD_DP32(flags, FIFOINT0, TXNFULLIF, count < size);
    }
    flags = can_reg(s, can_int(n)) & R_FIFOINT0_RXOVFLIF_MASK;
    flags = FIELD_DP32(flags, FIFOINT0, RXNEMPTYIF, count > 0);
    flags = FIELD_DP32(flags, FIFOINT0, RXHALFIF, count && count * 2 >= size);
    return FIELD_DP32(flags, FIFOINT0, RXFULLIF, count == size);
}

static bool can_sending(PIC32Can *s, unsigned n)
{
    unsigned sending;

    return pic32_can_wire_sending(pic32_can_current_wire(s), s, &sending) &&
           sending == n;
}

/* FRESET stays set while a message of this FIFO is on the wire. */
void pic32_can_fifo_reset(PIC32Can *s, unsigned n)
{
    if (can_sending(s, n)) {
        can_set(s, can_con(n), R_FIFOCON0_FRESET_MASK);
        can_clear(s, can_con(n), R_FIFOCON0_TXREQ_MASK);
        return;
    }
    can_clear(s, can_con(n), R_FIFOCON0_FRESET_MASK);
    s->fifo[n] = (PIC32CanFifo) { 0 };
    can_clear(s, can_con(n), R_FIFOCON0_TXREQ_MASK);
    can_clear(s, can_int(n), R_FIFOINT0_RXOVFLIF_MASK);
}

static void can_advance(PIC32Can *s, unsigned n)
{
    s->fifo[n].first = (s->fifo[n].first + 1) % can_size(s, n);
    s->fifo[n].count--;
}

/* --- transmission */

static void can_request(PIC32Can *s, unsigned n)
{
    if (!s->fifo[n].count) {
        can_clear(s, can_con(n), R_FIFOCON0_TXREQ_MASK);
        return;
    }
    can_set(s, can_con(n), R_FIFOCON0_TXREQ_MASK);
    can_clear(s, can_con(n), R_FIFOCON0_TXERR_MASK |
              R_FIFOCON0_TXLARB_MASK | R_FIFOCON0_TXABAT_MASK);
    pic32_can_wire_request(pic32_can_current_wire(s), s);
}

void pic32_can_fifo_abort(PIC32Can *s, unsigned n)
{
    can_clear(s, can_con(n), R_FIFOCON0_TXREQ_MASK);
    /* FRM 34.7: a message on the wire may still get through */
    if (!can_sending(s, n)) {
        can_set(s, can_con(n), R_FIFOCON0_TXABAT_MASK);
    }
}

void pic32_can_fifo_write_con(PIC32Can *s, unsigned n, uint32_t old,
                              uint32_t value)
{
    const uint32_t configuration = R_FIFOCON0_FSIZE_MASK |
        R_FIFOCON0_TXEN_MASK | R_FIFOCON0_DONLY_MASK;
    uint32_t con = value & ~R_FIFOCON0_UINC_MASK;
    PIC32CanFifo *fifo = &s->fifo[n];
    bool request, requested;

    if (can_mode(s) != CAN_CONFIGURATION) {
        con = (con & ~configuration) | (old & configuration);
    }
    if (!FIELD_EX32(con, FIFOCON0, TXEN)) {
        con &= ~R_FIFOCON0_TXREQ_MASK;
    }
    request = FIELD_EX32(con, FIFOCON0, TXREQ);
    /* only the module clears it */
    con |= old & R_FIFOCON0_FRESET_MASK;
    /* TXREQ as it was, until it is known what the write asks for */
    con = FIELD_DP32(con, FIFOCON0, TXREQ, FIELD_EX32(old, FIFOCON0, TXREQ));
    pic32_sfr_set(&s->regs, can_con(n), con);
    if (FIELD_EX32(value, FIFOCON0, FRESET) || ((con ^ old) & configuration)) {
        pic32_can_fifo_reset(s, n);
    }
    if (FIELD_EX32(value, FIFOCON0, UINC)) {
        if (!pic32_can_fifo_is_tx(s, n)) {
            if (fifo->count) {
                can_advance(s, n);
            }
        } else if (fifo->count < can_size(s, n)) {
            fifo->count++;
        }
    }
    requested = FIELD_EX32(old, FIFOCON0, TXREQ);
    if (request && !requested) {
        can_request(s, n);
    } else if (!request && requested) {
        pic32_can_fifo_abort(s, n);
    }
}

bool pic32_can_fifo_any_request(PIC32Can *s)
{
    unsigned i;

    for (i = 0; i < CAN_FIFOS; i++) {
        if (FIELD_EX32(can_reg(s, can_con(i)), FIFOCON0, TXREQ)) {
            return true;
        }
    }
    return false;
}

static bool can_load(PIC32Can *s, unsigned n, PIC32CanFrame *frame)
{
    uint32_t address = can_address(s, n, s->fifo[n].first);
    uint8_t buffer[MSG_BYTES];
    uint32_t sid, eid;

    if (!pic32_bus_rw("CAN", address, address, can_dma_attrs, buffer,
                      sizeof(buffer), false)) {
        return false;
    }
    sid = FIELD_EX32(ldl_le_p(buffer), MSG_SID, SID);
    eid = ldl_le_p(buffer + A_MSG_EID);
    frame->extended = FIELD_EX32(eid, MSG_EID, IDE);
    frame->id = frame->extended ? sid << 18 | FIELD_EX32(eid, MSG_EID, EID)
                                : sid;
    frame->remote = FIELD_EX32(eid, MSG_EID, RTR);
    frame->dlc = FIELD_EX32(eid, MSG_EID, DLC);
    memcpy(frame->data, buffer + MSG_DATA, sizeof(frame->data));
    return true;
}

/* The message that the module sends next; the FIFO's number is its rank. */
bool pic32_can_fifo_next(PIC32Can *s, unsigned *fifo, PIC32CanFrame *frame)
{
    unsigned i, priority;
    int best;

    for (;;) {
        best = -1;
        priority = 0;
        for (i = 0; i < CAN_FIFOS; i++) {
            uint32_t con = can_reg(s, can_con(i));

            if (FIELD_EX32(con, FIFOCON0, TXREQ) && s->fifo[i].count &&
                FIELD_EX32(con, FIFOCON0, TXPRI) >= priority) {
                best = i;
                priority = FIELD_EX32(con, FIFOCON0, TXPRI);
            }
        }
        if (best < 0) {
            return false;
        }
        if (can_load(s, best, frame)) {
            *fifo = best;
            return true;
        }
        can_clear(s, can_con(best), R_FIFOCON0_TXREQ_MASK);
        pic32_can_address_error(s);
    }
}

/* A message of this FIFO has left the wire, whole or not. */
void pic32_can_fifo_done(PIC32Can *s, unsigned n, bool sent)
{
    uint32_t con = can_reg(s, can_con(n));

    if (FIELD_EX32(con, FIFOCON0, FRESET)) {
        pic32_can_fifo_reset(s, n);
        return;
    }
    if (sent && s->fifo[n].count) {
        can_advance(s, n);
    }
    if (!s->fifo[n].count) {
        can_clear(s, can_con(n), R_FIFOCON0_TXREQ_MASK);
    } else if (!FIELD_EX32(con, FIFOCON0, TXREQ)) {
        can_set(s, can_con(n), R_FIFOCON0_TXABAT_MASK);
    }
}

/* --- reception */

/*
 * FRM 34.8.2: with a mask's EID bits the first DNCNT data bits are compared,
 * bit 7 of byte 0 with EID0 and so on.
 */
static bool can_match_devicenet(PIC32Can *s, const PIC32CanFrame *frame,
                                uint32_t filter, uint32_t mask)
{
    unsigned i, n = MIN(FIELD_EX32(can_reg(s, A_CON), CON, DNCNT),
                        DEVICENET_BITS);

    for (i = 0; i < n && !frame->remote; i++) {
        bool bit = i / 8 < pic32_can_frame_length(frame) &&
                   (frame->data[i / 8] >> (7 - i % 8) & 1);

        if ((mask >> i & 1) && bit != (filter >> i & 1)) {
            return false;
        }
    }
    return true;
}

static bool can_match(PIC32Can *s, const PIC32CanFrame *frame, unsigned n,
                      unsigned msel)
{
    uint32_t filter = can_reg(s, A_RXF0 + n * CAN_STEP);
    uint32_t mask = can_reg(s, A_RXM0 + msel * CAN_STEP);
    uint32_t sid = frame->extended ? frame->id >> 18 : frame->id;

    if (FIELD_EX32(mask, RXM0, MIDE) &&
        FIELD_EX32(filter, RXF0, EXID) != frame->extended) {
        return false;
    }
    if ((sid ^ FIELD_EX32(filter, RXF0, SID)) & FIELD_EX32(mask, RXM0, SID)) {
        return false;
    }
    if (frame->extended) {
        return !((frame->id ^ filter) & mask & R_RXM0_EID_MASK);
    }
    return can_match_devicenet(s, frame, filter, mask);
}

static void can_store(PIC32Can *s, unsigned n, const PIC32CanFrame *frame)
{
    uint8_t buffer[MSG_BYTES] = { 0 };
    unsigned bytes = can_message_bytes(s, n);
    uint32_t word, address;

    word = FIELD_DP32(0, MSG_SID, SID,
                      frame->extended ? frame->id >> 18 : frame->id);
    word = FIELD_DP32(word, MSG_SID, FILHIT, s->filter_hit);
    word = FIELD_DP32(word, MSG_SID, TS, pic32_can_timestamp(s));
    stl_le_p(buffer, word);
    word = FIELD_DP32(0, MSG_EID, DLC, frame->dlc);
    word = FIELD_DP32(word, MSG_EID, RTR, frame->remote);
    word = FIELD_DP32(word, MSG_EID, IDE, frame->extended);
    /* a standard frame's RTR bit comes where an extended one has SRR */
    word = FIELD_DP32(word, MSG_EID, SRR, frame->remote || frame->extended);
    if (frame->extended) {
        word = FIELD_DP32(word, MSG_EID, EID, frame->id);
    }
    stl_le_p(buffer + A_MSG_EID, word);
    memcpy(buffer + MSG_DATA, frame->data, pic32_can_frame_length(frame));
    address = can_address(s, n, can_free_index(s, n));
    if (!pic32_bus_rw("CAN", address, address, can_dma_attrs,
                      buffer + MSG_BYTES - bytes, bytes, true)) {
        pic32_can_address_error(s);
        return;
    }
    s->fifo[n].count++;
}

static void can_accept(PIC32Can *s, unsigned n, const PIC32CanFrame *frame)
{
    uint32_t con = can_reg(s, can_con(n));

    if (!pic32_can_fifo_is_tx(s, n)) {
        if (s->fifo[n].count < can_size(s, n)) {
            can_store(s, n, frame);
        } else {
            can_set(s, can_int(n), R_FIFOINT0_RXOVFLIF_MASK);
        }
    } else if (frame->remote && FIELD_EX32(con, FIFOCON0, RTREN)) {
        can_request(s, n);
    }
}

void pic32_can_fifo_receive(PIC32Can *s, const PIC32CanFrame *frame)
{
    unsigned i;

    for (i = 0; i < CAN_FILTERS; i++) {
        uint32_t con = can_reg(s, A_FLTCON0 + i / 4 * CAN_STEP) >> i % 4 * 8;

        if (FIELD_EX32(con, FLTCON0, FLTEN) &&
            can_match(s, frame, i, FIELD_EX32(con, FLTCON0, MSEL))) {
            s->filter_hit = i;
            can_accept(s, FIELD_EX32(con, FLTCON0, FSEL), frame);
            return;
        }
    }
    if (can_mode(s) == CAN_LISTEN_ALL) {
        s->filter_hit = 0;
        can_accept(s, 0, frame);
    }
}
