/*
 * PIC32MZ CAN module: a node of the bus, its modes and its errors
 *
 * PIC32 Family Reference Manual sections 34.5, 34.10 and 34.11 (DS60001154),
 * ISO 11898-1 for the error counters.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qemu/log.h"
#include "hw/qdev-clock.h"
#include "pic32mz_can_internal.h"

#define BUS_IDLE_BITS   11      /* recessive, before a mode changes */
#define RECOVERY_BITS   (128 * 11)
#define WARNING         96
#define PASSIVE         128
#define BUS_OFF         256

static PIC32CanMode can_requested_mode(PIC32Can *s)
{
    return FIELD_EX32(can_reg(s, A_CON), CON, REQOP);
}

PIC32CanWire *pic32_can_current_wire(PIC32Can *s)
{
    PIC32CanMode mode = can_mode(s);

    if (mode == CAN_CONFIGURATION || mode == CAN_DISABLE) {
        mode = can_requested_mode(s);
    }
    return mode == CAN_LOOPBACK ? &s->inner : s->wire;
}

uint64_t pic32_can_bit(PIC32Can *s)
{
    uint32_t cfg = can_reg(s, A_CFG);
    unsigned phase1 = FIELD_EX32(cfg, CFG, SEG1PH) + 1;
    unsigned phase2 = FIELD_EX32(cfg, CFG, SEG2PHTS)
                      ? FIELD_EX32(cfg, CFG, SEG2PH) + 1 : MAX(phase1, 2);
    unsigned quanta = 1 + FIELD_EX32(cfg, CFG, PRSEG) + 1 + phase1 + phase2;
    uint64_t bit;

    return umul64_overflow(clock_get(s->pbclk),
                           2 * (FIELD_EX32(cfg, CFG, BRP) + 1) * quanta, &bit)
           ? 0 : bit;
}

static int64_t can_bits_ns(PIC32Can *s, unsigned bits)
{
    uint64_t low, high;

    mulu64(&low, &high, pic32_can_bit(s), bits);
    return low >> 32 | high << 32;
}

/* --- errors, FRM 34.11 */

static uint32_t can_error_state(PIC32Can *s)
{
    bool tx_warning = s->tec >= WARNING && s->tec < PASSIVE;
    bool rx_warning = s->rec >= WARNING && s->rec < PASSIVE;
    uint32_t state;

    state = FIELD_DP32(0, TREC, RXWARN, rx_warning);
    state = FIELD_DP32(state, TREC, TXWARN, tx_warning);
    state = FIELD_DP32(state, TREC, EWARN, tx_warning || rx_warning);
    state = FIELD_DP32(state, TREC, RXBP, s->rec >= PASSIVE);
    state = FIELD_DP32(state, TREC, TXBP, s->tec >= PASSIVE && !s->bus_off);
    return FIELD_DP32(state, TREC, TXBO, s->bus_off);
}

uint32_t pic32_can_trec(PIC32Can *s)
{
    uint32_t value = FIELD_DP32(can_error_state(s), TREC, RERRCNT,
                                MIN(s->rec, 255));

    return FIELD_DP32(value, TREC, TERRCNT, MIN(s->tec, 255));
}

/* Counts errors; CERRIF tells of every new state but the return of calm. */
static void can_count_errors(PIC32Can *s, int tx, int rx)
{
    const uint32_t serious = R_TREC_RXBP_MASK | R_TREC_TXBP_MASK |
                             R_TREC_TXBO_MASK;
    uint32_t before = can_error_state(s), after;

    s->tec = MAX(s->tec + tx, 0);
    if (rx < 0 && s->rec >= PASSIVE) {
        s->rec = PASSIVE - 1;
    } else {
        s->rec = MIN(MAX(s->rec + rx, 0), PASSIVE);
    }
    if (s->tec >= BUS_OFF && !s->bus_off) {
        s->bus_off = true;
        timer_mod_ns(s->recovery, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                                  can_bits_ns(s, RECOVERY_BITS));
    }
    after = can_error_state(s);
    if ((after & ~before) || (before & ~after & serious)) {
        can_set(s, A_INT, R_INT_CERRIF_MASK);
    }
}

void pic32_can_forget_errors(PIC32Can *s)
{
    s->tec = 0;
    s->rec = 0;
    s->bus_off = false;
    s->suspended = 0;
    timer_del(s->recovery);
}

static void can_recovered(void *opaque)
{
    PIC32Can *s = opaque;

    pic32_can_forget_errors(s);
    can_set(s, A_INT, R_INT_CERRIF_MASK);
    pic32_can_update(s);
    pic32_can_wire_request(pic32_can_current_wire(s), s);
}

/* --- modes, FRM 34.5 */

bool pic32_can_sending(PIC32Can *s)
{
    unsigned fifo;

    return pic32_can_wire_sending(s->wire, s, &fifo) ||
           pic32_can_wire_sending(&s->inner, s, &fifo);
}

static void can_enter_mode(PIC32Can *s)
{
    PIC32CanMode mode = can_requested_mode(s);
    unsigned i;

    s->mode_waits = false;
    timer_del(s->mode_timer);
    pic32_sfr_set(&s->regs, A_CON,
                  FIELD_DP32(can_reg(s, A_CON), CON, OPMOD, mode));
    can_set(s, A_INT, R_INT_MODIF_MASK);
    if (mode == CAN_CONFIGURATION) {
        pic32_can_forget_errors(s);
        for (i = 0; i < CAN_FIFOS; i++) {
            pic32_can_fifo_reset(s, i);
        }
    }
    pic32_can_update(s);
    pic32_can_wire_request(pic32_can_current_wire(s), s);
}

static void can_mode_timer(void *opaque)
{
    PIC32Can *s = opaque;

    if (pic32_can_wire_busy(pic32_can_current_wire(s))) {
        s->mode_waits = true;
    } else {
        can_enter_mode(s);
    }
}

void pic32_can_request_mode(PIC32Can *s)
{
    PIC32CanMode mode = can_requested_mode(s);

    s->mode_waits = false;
    timer_del(s->mode_timer);
    if (mode == can_mode(s)) {
        return;
    }
    if (mode > CAN_CONFIGURATION && mode != CAN_LISTEN_ALL) {
        qemu_log_mask(LOG_GUEST_ERROR, "%s%u: mode %d is reserved\n",
                      TYPE_PIC32_CAN, s->index, mode);
    } else if (!can_on(s)) {
        if (!pic32_can_sending(s)) {
            can_enter_mode(s);
        }
    } else if (pic32_can_bit(s)) {
        timer_mod_ns(s->mode_timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                                    can_bits_ns(s, BUS_IDLE_BITS));
    }
}

void pic32_can_settle(PIC32Can *s)
{
    if (pic32_can_sending(s)) {
        return;
    }
    can_clear(s, A_CON, R_CON_ABAT_MASK);
    if (!can_on(s)) {
        pic32_can_forget_errors(s);
        can_clear(s, A_INT, R_INT_SERRIF_MASK);
        if (can_requested_mode(s) != can_mode(s)) {
            pic32_can_request_mode(s);
        }
    }
}

/* --- for the wire */

bool pic32_can_on_wire(PIC32Can *s, PIC32CanWire *wire)
{
    PIC32CanMode mode = can_mode(s);

    return can_on(s) && mode != CAN_CONFIGURATION && mode != CAN_DISABLE &&
           pic32_can_current_wire(s) == wire && !s->bus_off &&
           pic32_can_bit(s);
}

bool pic32_can_acknowledges(PIC32Can *s, PIC32CanWire *wire)
{
    return pic32_can_on_wire(s, wire) &&
           (can_mode(s) == CAN_NORMAL || can_mode(s) == CAN_LOOPBACK);
}

bool pic32_can_may_send(PIC32Can *s, PIC32CanWire *wire)
{
    return pic32_can_acknowledges(s, wire) && pic32_can_fifo_any_request(s);
}

static bool can_routed(PIC32Can *s, PIC32CanWire *wire, bool output)
{
    g_autofree char *pin = NULL;

    if (!s->pps || wire->loopback) {
        return true;
    }
    pin = g_strdup_printf("C%u%s", s->index, output ? "TX" : "RX");
    return output ? pic32_pps_output_routed(s->pps, pin)
                  : pic32_pps_input_routed(s->pps, pin);
}

bool pic32_can_hears(PIC32Can *s, PIC32CanWire *wire)
{
    return can_routed(s, wire, false);
}

bool pic32_can_drives(PIC32Can *s, PIC32CanWire *wire)
{
    return can_routed(s, wire, true);
}

bool pic32_can_error_passive(PIC32Can *s)
{
    return s->tec >= PASSIVE || s->rec >= PASSIVE;
}

void pic32_can_sent(PIC32Can *s, unsigned fifo)
{
    can_count_errors(s, -1, 0);
    pic32_can_fifo_done(s, fifo, true);
    pic32_can_settle(s);
    pic32_can_update(s);
}

void pic32_can_failed(PIC32Can *s, unsigned fifo, bool unacknowledged)
{
    can_set(s, A_FIFOCON0 + fifo * CAN_FIFO_STEP, R_FIFOCON0_TXERR_MASK);
    can_set(s, A_INT, R_INT_IVRIF_MASK);
    /* ISO 11898-1: alone on the bus, error passive is as far as it goes */
    if (!unacknowledged || !pic32_can_error_passive(s)) {
        can_count_errors(s, 8, 0);
    }
    pic32_can_fifo_done(s, fifo, false);
    pic32_can_settle(s);
    pic32_can_update(s);
}

void pic32_can_received(PIC32Can *s, const PIC32CanFrame *frame)
{
    can_count_errors(s, 0, -1);
    pic32_can_fifo_receive(s, frame);
    pic32_can_update(s);
}

void pic32_can_disturbed(PIC32Can *s)
{
    if (can_mode(s) == CAN_NORMAL) {
        can_count_errors(s, 0, 1);
    }
    can_set(s, A_INT, R_INT_IVRIF_MASK);
    pic32_can_update(s);
}

void pic32_can_bus_active(PIC32Can *s)
{
    if (can_on(s) && can_mode(s) == CAN_DISABLE) {
        can_set(s, A_INT, R_INT_WAKIF_MASK);
        pic32_can_update(s);
    }
}

void pic32_can_bus_idle(PIC32Can *s)
{
    if (s->mode_waits) {
        can_enter_mode(s);
    }
}

void pic32_can_node_init(PIC32Can *s)
{
    s->mode_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, can_mode_timer, s);
    s->recovery = timer_new_ns(QEMU_CLOCK_VIRTUAL, can_recovered, s);
}
