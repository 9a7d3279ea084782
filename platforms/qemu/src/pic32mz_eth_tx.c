/*
 * PIC32MZ Ethernet controller: transmit path and flow control
 *
 * From the transmit descriptors to the cable, where a frame takes its time,
 * and PAUSE frames (802.3 annex 31B) both ways. See pic32mz_eth.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "pic32mz_bus_master.h"
#include "pic32mz_eth_internal.h"

enum { TX_IDLE, TX_WAITING, TX_FRAME, TX_PAUSE };

#define PAUSE_QUANTUM_BYTES 64      /* 512 bit times */
#define PAUSE_FRAME_BYTES   (PIC32_FRAME_MIN + PIC32_FCS_LEN)
/* Room behind a frame for padding and FCS. */
#define TX_ROOM             (64 + PIC32_FCS_LEN)

static bool mac_sends(PIC32Eth *s)
{
    return FIELD_EX32(pic32_eth_con1(s), ETHCON1, ON) &&
           !(pic32_eth_reg(s, A_EMAC1CFG1) &
             (R_EMAC1CFG1_SOFTRESET_MASK | R_EMAC1CFG1_RESETTFUN_MASK |
              R_EMAC1CFG1_RESETTMCS_MASK)) &&
           !FIELD_EX32(pic32_eth_reg(s, A_EMAC1SUPP), EMAC1SUPP, RESETRMII);
}

bool pic32_eth_tx_busy(PIC32Eth *s)
{
    return s->tx_state == TX_FRAME;
}

/* Requested packets are sent, or cannot be: DS60001155, TXRTS. */
static void tx_stop(PIC32Eth *s)
{
    pic32_sfr_set(&s->regs, A_ETHCON1,
                  pic32_eth_con1(s) & ~R_ETHCON1_TXRTS_MASK);
}

static void tx_bus_error(PIC32Eth *s, uint32_t address)
{
    qemu_log_mask(LOG_GUEST_ERROR, "pic32mz-eth: bus error at 0x%08x of the "
                  "transmit descriptor list\n", address);
    tx_stop(s);
    pic32_eth_raise(s, R_ETHIRQ_TXBUSE_MASK);
}

static void tx_list_error(PIC32Eth *s, const char *what)
{
    qemu_log_mask(LOG_GUEST_ERROR, "pic32mz-eth: transmit descriptors at "
                  "0x%08x: %s\n", s->tx_eds[0], what);
    tx_stop(s);
    pic32_eth_raise(s, R_ETHIRQ_TXABORT_MASK);
}

/* Collects the packet that begins at tx_next; NULL: there is none. */
static PIC32Frame *tx_gather(PIC32Eth *s, uint32_t *next)
{
    uint32_t words[ED_WORDS_NPV];
    uint32_t address = s->tx_next;
    g_autofree uint8_t *data = g_malloc(PIC32_FRAME_MAX);
    uint32_t len = 0;
    bool end;

    s->tx_ed_count = 0;
    do {
        uint32_t count;

        if (s->tx_ed_count == PIC32_ETH_MAX_TX_EDS) {
            tx_list_error(s, "no end of packet");
            return NULL;
        }
        s->tx_eds[s->tx_ed_count++] = address;
        if (!pic32_eth_read_ed(address, words, next)) {
            tx_bus_error(s, address);
            return NULL;
        }
        if (!FIELD_EX32(words[0], ED_HEADER, EOWN)) {
            if (s->tx_ed_count == 1) {
                tx_stop(s);
            } else {
                tx_list_error(s, "the software owns a part of a packet");
            }
            return NULL;
        }
        if (s->tx_ed_count == 1 && !FIELD_EX32(words[0], ED_HEADER, SOP)) {
            qemu_log_mask(LOG_GUEST_ERROR, "pic32mz-eth: the transmit "
                          "descriptor at 0x%08x has no SOP\n", address);
        }
        count = FIELD_EX32(words[0], ED_HEADER, BYTE_COUNT);
        if (len + count > PIC32_FRAME_MAX) {
            tx_list_error(s, "the packet is too long");
            return NULL;
        }
        if (!pic32_bus_rw("Ethernet", words[1], words[1],
                          MEMTXATTRS_UNSPECIFIED, data + len, count, false)) {
            tx_bus_error(s, words[1]);
            return NULL;
        }
        len += count;
        end = FIELD_EX32(words[0], ED_HEADER, EOP);
        address = *next;
    } while (!end);
    return pic32_frame_new(data, len, TX_ROOM);
}

/* DS60001155, PADENABLE: what is padded to which length. */
static void tx_pad(PIC32Eth *s, PIC32Frame *frame)
{
    uint32_t cfg2 = pic32_eth_reg(s, A_EMAC1CFG2);
    uint32_t len = PIC32_FRAME_MIN;

    if (!FIELD_EX32(cfg2, EMAC1CFG2, PADENABLE)) {
        return;
    }
    if (FIELD_EX32(cfg2, EMAC1CFG2, VLANPAD) ||
        (FIELD_EX32(cfg2, EMAC1CFG2, AUTOPAD) &&
         pic32_eth_is_vlan(frame->data, frame->len))) {
        len += 4;
    }
    frame->len = MAX(frame->len, len);      /* the room is zeroed */
}

static void tx_make_status(PIC32Eth *s, const PIC32Frame *frame,
                           uint32_t given)
{
    uint32_t payload = frame->len - MIN(frame->len, PIC32_FCS_LEN);
    uint32_t status = pic32_eth_frame_status(frame->data, MIN(given, payload));

    status = FIELD_DP32(status, ED_STATUS2, BYTES, frame->len);
    status = FIELD_DP32(status, ED_STATUS2, CRC_ERROR,
                        !pic32_frame_fcs_ok(frame));
    status = FIELD_DP32(status, ED_STATUS2, OK, !s->tx_abort);
    status = FIELD_DP32(status, ED_STATUS2, TX_GIANT, s->tx_abort);
    if (!FIELD_EX32(pic32_eth_reg(s, A_EMAC1CFG2), EMAC1CFG2, LENGTHCK)) {
        status = FIELD_DP32(status, ED_STATUS2, LENGTH_ERROR, 0);
    }
    s->tx_status[1] = status;
    status = FIELD_DP32(0, ED_STATUS1, TX_WIRE_BYTES, frame->len);
    status = FIELD_DP32(status, ED_STATUS1, TX_VLAN,
                        pic32_eth_is_vlan(frame->data, payload));
    s->tx_status[0] = status;
}

static void tx_send(PIC32Eth *s, PIC32Frame *frame, uint8_t state)
{
    frame->time = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                  pic32_eth_ns(PIC32_ETH_PREAMBLE + frame->len,
                               pic32_eth_speed(s));
    pic32_frame_queue_push(&s->tx, frame);
    s->tx_state = state;
    timer_mod(s->tx_timer, frame->time);
}

static void tx_start(PIC32Eth *s)
{
    uint32_t cfg2 = pic32_eth_reg(s, A_EMAC1CFG2);
    uint32_t maxf = pic32_eth_reg(s, A_EMAC1MAXF);
    uint32_t given, next;
    PIC32Frame *frame = tx_gather(s, &next);

    if (!frame) {
        return;
    }
    given = frame->len;
    tx_pad(s, frame);
    if (FIELD_EX32(cfg2, EMAC1CFG2, PADENABLE) ||
        FIELD_EX32(cfg2, EMAC1CFG2, CRCENABLE)) {
        pic32_frame_add_fcs(frame);
    } else {
        frame->has_fcs = true;              /* brings its own */
        given -= MIN(given, PIC32_FCS_LEN);
    }
    s->tx_abort = frame->len > maxf &&
                  !FIELD_EX32(cfg2, EMAC1CFG2, HUGEFRM);
    if (s->tx_abort) {
        frame->len = maxf;
    }
    tx_make_status(s, frame, given);
    s->tx_next = next;
    tx_send(s, frame, TX_FRAME);
}

static void tx_start_pause(PIC32Eth *s)
{
    uint8_t data[PIC32_FRAME_MIN] = { 0x01, 0x80, 0xc2, 0x00, 0x00, 0x01 };
    PIC32Frame *frame;

    pic32_eth_station_address(s, data + 6);
    stw_be_p(data + 12, 0x8808);
    stw_be_p(data + 14, 1);
    stw_be_p(data + 16, s->fc_on ? FIELD_EX32(pic32_eth_con1(s), ETHCON1, PTV)
                                 : 0);
    s->pause_pending = false;
    frame = pic32_frame_new(data, sizeof(data), PIC32_FCS_LEN);
    pic32_frame_add_fcs(frame);
    tx_send(s, frame, TX_PAUSE);
}

static void tx_wait(PIC32Eth *s, int64_t until)
{
    s->tx_state = TX_WAITING;
    timer_mod(s->tx_timer, until);
}

void pic32_eth_tx_kick(PIC32Eth *s)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    if (s->tx_state == TX_FRAME || s->tx_state == TX_PAUSE) {
        return;
    }
    s->tx_state = TX_IDLE;
    timer_del(s->tx_timer);
    if (!mac_sends(s) || (!s->pause_pending &&
        !FIELD_EX32(pic32_eth_con1(s), ETHCON1, TXRTS))) {
        return;
    }
    if (now < s->tx_free) {
        tx_wait(s, s->tx_free);
    } else if (s->pause_pending) {
        tx_start_pause(s);
    } else if (now < s->tx_paused) {
        tx_wait(s, s->tx_paused);
    } else {
        tx_start(s);
    }
}

/* Onto the cable, and back to where a loopback brings it. */
static void tx_emit(PIC32Eth *s, PIC32Frame *frame)
{
    bool same_speed = pic32_phy_speed(&s->phy) == pic32_eth_speed(s);

    if (FIELD_EX32(pic32_eth_reg(s, A_EMAC1CFG1), EMAC1CFG1, LOOPBACK) ||
        (pic32_phy_loops(&s->phy) && same_speed)) {
        pic32_eth_rx_frame(s, frame);
        return;
    }
    if (pic32_phy_passes(&s->phy) && same_speed &&
        pic32_frame_fcs_ok(frame) && frame->len > PIC32_FCS_LEN) {
        uint32_t len = frame->len - PIC32_FCS_LEN;

        pic32_inputs_output(s->inputs, PIC32_OUTPUT_FRAMES,
                            qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL),
                            frame->data, len);
        pic32_eth_seen(s, frame->data, len, false);
        pic32_path_send(&s->paths[PIC32_PATH_FROM_BOARD], frame);
        return;
    }
    pic32_frame_free(frame);
}

/* The descriptor of the packet's start is given back last, with the TSV. */
static bool tx_give_back(PIC32Eth *s)
{
    uint32_t words[ED_WORDS_NPV], next;
    unsigned i;

    for (i = s->tx_ed_count; i-- > 0;) {
        if (!pic32_eth_read_ed(s->tx_eds[i], words, &next)) {
            return false;
        }
        if (i == 0 &&
            (!pic32_eth_write_word(s->tx_eds[0] + A_ED_STATUS1,
                                   s->tx_status[0] |
                                   (words[2] & R_ED_STATUS1_TX_USER_MASK)) ||
             !pic32_eth_write_word(s->tx_eds[0] + A_ED_STATUS2,
                                   s->tx_status[1]))) {
            return false;
        }
        if (!pic32_eth_write_word(s->tx_eds[i],
                                  words[0] & ~R_ED_HEADER_EOWN_MASK)) {
            return false;
        }
    }
    return true;
}

static void tx_frame_done(PIC32Eth *s, PIC32Frame *frame)
{
    if (!tx_give_back(s)) {
        tx_bus_error(s, s->tx_eds[0]);
        pic32_frame_free(frame);
        return;
    }
    /* ETHTXST follows: the last descriptor used */
    pic32_sfr_set(&s->regs, A_ETHTXST, s->tx_eds[s->tx_ed_count - 1]);
    if (s->tx_abort) {
        pic32_frame_free(frame);
        pic32_eth_raise(s, R_ETHIRQ_TXABORT_MASK);
        return;
    }
    pic32_eth_count(s, A_ETHFRMTXOK);
    pic32_eth_raise(s, R_ETHIRQ_TXDONE_MASK);
    tx_emit(s, frame);
}

static void tx_timer(void *opaque)
{
    PIC32Eth *s = opaque;
    PIC32Frame *frame = pic32_frame_queue_pop(&s->tx);
    uint8_t state = s->tx_state;

    s->tx_state = TX_IDLE;
    if (frame) {
        s->tx_free = frame->time + pic32_eth_ns(PIC32_ETH_GAP,
                                                pic32_eth_speed(s));
        if (state == TX_FRAME) {
            tx_frame_done(s, frame);
        } else {
            tx_emit(s, frame);
        }
    }
    pic32_eth_tx_kick(s);
}

void pic32_eth_tx_pause(PIC32Eth *s, uint16_t quanta)
{
    s->tx_paused = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                   pic32_eth_ns((uint64_t)quanta * PAUSE_QUANTUM_BYTES,
                                pic32_eth_speed(s));
    pic32_eth_tx_kick(s);
}

/* --- our own PAUSE frames; repeated before their time, PTV, is half over */

static void fc_send(PIC32Eth *s)
{
    uint32_t ptv = FIELD_EX32(pic32_eth_con1(s), ETHCON1, PTV);
    unsigned speed = pic32_eth_speed(s);
    int64_t period = pic32_eth_ns((uint64_t)ptv * PAUSE_QUANTUM_BYTES / 2,
                                  speed);
    int64_t wire = pic32_eth_ns(PIC32_ETH_PREAMBLE + PAUSE_FRAME_BYTES +
                                PIC32_ETH_GAP, speed);

    s->pause_pending = true;
    if (s->fc_on && ptv) {
        timer_mod(s->fc_timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                  MAX(period, wire));
    } else {
        timer_del(s->fc_timer);
    }
    pic32_eth_tx_kick(s);
}

static void fc_timer(void *opaque)
{
    fc_send(opaque);
}

void pic32_eth_flow_control(PIC32Eth *s)
{
    uint32_t con1 = pic32_eth_con1(s);
    bool on = FIELD_EX32(con1, ETHCON1, MANFC) ||
              (FIELD_EX32(con1, ETHCON1, AUTOFC) && s->fc_auto);

    on = on && FIELD_EX32(con1, ETHCON1, ON) &&
         FIELD_EX32(pic32_eth_reg(s, A_EMAC1CFG1), EMAC1CFG1, TXPAUSE) &&
         FIELD_EX32(pic32_eth_reg(s, A_EMAC1CFG2), EMAC1CFG2, FULLDPLX);
    if (on != s->fc_on) {
        s->fc_on = on;
        fc_send(s);
    }
}

void pic32_eth_tx_reset(PIC32Eth *s)
{
    pic32_frame_queue_clear(&s->tx);
    timer_del(s->tx_timer);
    timer_del(s->fc_timer);
    s->tx_state = TX_IDLE;
    s->tx_abort = false;
    s->tx_next = 0;
    s->tx_ed_count = 0;
    s->tx_free = 0;
    s->tx_paused = 0;
    s->fc_on = false;
    s->pause_pending = false;
}

void pic32_eth_tx_init(PIC32Eth *s)
{
    pic32_frame_queue_init(&s->tx);
    s->tx_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, tx_timer, s);
    s->fc_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, fc_timer, s);
}
