/*
 * PIC32MZ Ethernet controller: receive path
 *
 * From the cable, where a frame takes its time, through the filters and the
 * FIFO to the buffers of the receive descriptors. See pic32mz_eth.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/log.h"
#include "pic32mz_eth_internal.h"

#define CABLE_BYTES         (256 * 1024)    /* more wait in the netdev */
#define FIFO_BYTES          4096
#define MAX_RX_EDS          ((PIC32_FRAME_MAX + PIC32_FCS_LEN) / 16 + 1)
#define POLL_MIN_NS         (10 * SCALE_US)
#define POLL_MAX_NS         SCALE_MS
#define ETHERTYPE_CONTROL   0x8808  /* 802.3 31.4.1.3 */
#define OPCODE_PAUSE        1

/* --- the cable */

static void cable_arm(PIC32Eth *s)
{
    PIC32Frame *first = pic32_frame_queue_first(&s->cable);

    if (first) {
        timer_mod(s->rx_timer, first->time);
    } else {
        timer_del(s->rx_timer);
    }
}

bool pic32_eth_cable_has_room(PIC32Eth *s)
{
    return s->cable.bytes + pic32_inputs_waiting(s->inputs, PIC32_INPUT_NET) <
           CABLE_BYTES || !pic32_phy_passes(&s->phy);
}

void pic32_eth_cable_receive(PIC32Eth *s, PIC32Frame *frame)
{
    unsigned speed = pic32_phy_speed(&s->phy);
    int64_t start;

    if (!pic32_phy_passes(&s->phy)) {
        pic32_frame_free(frame);
        return;
    }
    start = MAX(qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL), s->rx_free);
    frame->time = start + pic32_eth_ns(PIC32_ETH_PREAMBLE + frame->len, speed);
    s->rx_free = frame->time + pic32_eth_ns(PIC32_ETH_GAP, speed);
    pic32_frame_queue_push(&s->cable, frame);
    if (s->cable.count == 1) {
        cable_arm(s);
    }
}

void pic32_eth_cable_cut(PIC32Eth *s)
{
    pic32_frame_queue_clear(&s->cable);
    s->rx_free = 0;
    cable_arm(s);
}

static void cable_timer(void *opaque)
{
    PIC32Eth *s = opaque;
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    PIC32Frame *frame = pic32_frame_queue_first(&s->cable);

    while (frame && frame->time <= now) {
        frame = pic32_frame_queue_pop(&s->cable);
        if (pic32_phy_speed(&s->phy) == pic32_eth_speed(s)) {
            pic32_eth_rx_frame(s, frame);
        } else {
            pic32_frame_free(frame);
        }
        frame = pic32_frame_queue_first(&s->cable);
    }
    cable_arm(s);
    qemu_flush_queued_packets(qemu_get_queue(s->nic));
}

/* --- MAC and FIFO */

static bool mac_receives(PIC32Eth *s)
{
    uint32_t cfg1 = pic32_eth_reg(s, A_EMAC1CFG1);

    return FIELD_EX32(cfg1, EMAC1CFG1, RXENABLE) &&
           !(cfg1 & (R_EMAC1CFG1_SOFTRESET_MASK | R_EMAC1CFG1_RESETRFUN_MASK |
                     R_EMAC1CFG1_RESETRMCS_MASK)) &&
           !FIELD_EX32(pic32_eth_reg(s, A_EMAC1SUPP), EMAC1SUPP, RESETRMII);
}

static bool rx_enabled(PIC32Eth *s)
{
    uint32_t con1 = pic32_eth_con1(s);

    return FIELD_EX32(con1, ETHCON1, ON) && FIELD_EX32(con1, ETHCON1, RXEN);
}

bool pic32_eth_rx_busy(PIC32Eth *s)
{
    PIC32Frame *first = pic32_frame_queue_first(&s->cable);
    int64_t length;

    if (!first || !rx_enabled(s) || !mac_receives(s)) {
        return false;
    }
    length = pic32_eth_ns(first->len, pic32_phy_speed(&s->phy));
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) >= first->time - length;
}

static bool is_control(const PIC32Frame *frame)
{
    return frame->len >= 16 &&
           lduw_be_p(frame->data + 12) == ETHERTYPE_CONTROL;
}

static bool is_pause(PIC32Eth *s, const PIC32Frame *frame)
{
    static const uint8_t group[6] = { 0x01, 0x80, 0xc2, 0x00, 0x00, 0x01 };
    uint8_t station[6];

    pic32_eth_station_address(s, station);
    return is_control(frame) && frame->len >= 18 &&
           lduw_be_p(frame->data + 14) == OPCODE_PAUSE &&
           (!memcmp(frame->data, group, 6) ||
            !memcmp(frame->data, station, 6));
}

void pic32_eth_rx_frame(PIC32Eth *s, PIC32Frame *frame)
{
    uint32_t cfg1 = pic32_eth_reg(s, A_EMAC1CFG1);
    uint32_t maxf = pic32_eth_reg(s, A_EMAC1MAXF);
    bool crc_ok, control;

    if (!mac_receives(s)) {
        goto drop;
    }
    if (frame->len > maxf &&
        !FIELD_EX32(pic32_eth_reg(s, A_EMAC1CFG2), EMAC1CFG2, HUGEFRM)) {
        frame->len = maxf;          /* cut off: its last bytes are no FCS */
    }
    if (!frame->len) {
        goto drop;
    }
    crc_ok = pic32_frame_fcs_ok(frame);
    control = crc_ok && is_control(frame);
    if (control && FIELD_EX32(cfg1, EMAC1CFG1, RXPAUSE) && is_pause(s, frame)) {
        pic32_eth_tx_pause(s, lduw_be_p(frame->data + 16));
    }
    if (control && !FIELD_EX32(cfg1, EMAC1CFG1, PASSALL)) {
        goto drop;
    }
    if (!rx_enabled(s)) {
        goto drop;
    }
    if (!crc_ok) {
        pic32_eth_count(s, A_ETHFCSERR);
    }
    if (!pic32_eth_filter(s, frame)) {
        goto drop;
    }
    pic32_eth_raise(s, R_ETHIRQ_RXACT_MASK);
    if (s->fifo.count && s->fifo.bytes + frame->len > FIFO_BYTES) {
        pic32_eth_count(s, A_ETHRXOVFLOW);
        pic32_eth_raise(s, R_ETHIRQ_RXOVFLW_MASK);
        goto drop;
    }
    if (crc_ok) {
        pic32_eth_count(s, A_ETHFRMRXOK);
    }
    pic32_frame_queue_push(&s->fifo, frame);
    pic32_eth_rx_dma(s);
    return;

drop:
    pic32_frame_free(frame);
}

/* --- descriptors */

/* RSV<31:0> */
static uint32_t rx_status(PIC32Eth *s, const PIC32Frame *frame)
{
    bool crc_ok = pic32_frame_fcs_ok(frame);
    uint32_t payload = frame->len - MIN(frame->len, PIC32_FCS_LEN);
    uint32_t status = pic32_eth_frame_status(frame->data, payload);

    status = FIELD_DP32(status, ED_STATUS2, BYTES, frame->len);
    status = FIELD_DP32(status, ED_STATUS2, CRC_ERROR, !crc_ok);
    status = FIELD_DP32(status, ED_STATUS2, OK, crc_ok);
    status = FIELD_DP32(status, ED_STATUS2, RX_VLAN,
                        pic32_eth_is_vlan(frame->data, payload));
    if (!FIELD_EX32(pic32_eth_reg(s, A_EMAC1CFG2), EMAC1CFG2, LENGTHCK)) {
        status = FIELD_DP32(status, ED_STATUS2, LENGTH_ERROR, 0);
    }
    if (is_control(frame)) {
        status |= R_ED_STATUS2_RX_CONTROL_MASK;
        status |= is_pause(s, frame) ? R_ED_STATUS2_RX_PAUSE_MASK
                                     : R_ED_STATUS2_RX_UNKNOWN_OP_MASK;
    }
    return status;
}

/* The Internet checksum of what follows the header, without the FCS. */
static uint16_t rx_checksum(const PIC32Frame *frame)
{
    uint32_t end = frame->len - MIN(frame->len, PIC32_FCS_LEN);
    uint32_t sum = 0, i;

    for (i = 14; i < end; i++) {
        sum += frame->data[i] << (i & 1 ? 0 : 8);
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return ~sum;
}

static void rx_starve(PIC32Eth *s)
{
    if (!s->rx_starved) {
        s->rx_starved = true;
        s->poll_interval = POLL_MIN_NS;
        pic32_eth_raise(s, R_ETHIRQ_RXBUFNA_MASK);
    }
    timer_mod(s->poll_timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
              s->poll_interval);
    s->poll_interval = MIN(s->poll_interval * 2, POLL_MAX_NS);
}

static void rx_drop(PIC32Eth *s, uint32_t irq)
{
    pic32_frame_free(pic32_frame_queue_pop(&s->fifo));
    pic32_eth_raise(s, irq);
}

/*
 * Finds the descriptors that the frame fills; returns how many, 0 when it
 * cannot be stored now or, dropped, ever. next is the one behind them.
 */
static unsigned rx_gather(PIC32Eth *s, const PIC32Frame *frame, uint32_t size,
                          uint32_t eds[], uint32_t *next)
{
    uint32_t words[ED_WORDS_NPV];
    uint32_t address = s->rx_next;
    uint32_t offset;
    unsigned n = 0;

    for (offset = 0; offset < frame->len; offset += size) {
        if (n && address == eds[0]) {
            qemu_log_mask(LOG_GUEST_ERROR, "pic32mz-eth: a frame of %u bytes "
                          "is longer than the whole receive ring\n",
                          frame->len);
            pic32_eth_count(s, A_ETHRXOVFLOW);
            rx_drop(s, R_ETHIRQ_RXOVFLW_MASK);
            return 0;
        }
        eds[n++] = address;
        if (!pic32_eth_read_ed(address, words, &address)) {
            qemu_log_mask(LOG_GUEST_ERROR, "pic32mz-eth: no receive "
                          "descriptor can be read at 0x%08x\n", eds[n - 1]);
            rx_drop(s, R_ETHIRQ_RXBUSE_MASK);
            return 0;
        }
        if (!FIELD_EX32(words[0], ED_HEADER, EOWN)) {
            rx_starve(s);
            return 0;
        }
    }
    *next = address;
    return n;
}

/* The descriptor of the packet's start is given back last. */
static bool rx_store(PIC32Eth *s, const PIC32Frame *frame, uint32_t size,
                     const uint32_t eds[], unsigned n)
{
    uint32_t status1 = FIELD_DP32(rx_checksum(frame), ED_STATUS1, RXF_RSV,
                                  frame->match);
    uint32_t status2 = rx_status(s, frame);
    uint32_t words[ED_WORDS_NPV], next;
    unsigned i;

    for (i = n; i-- > 0;) {
        uint32_t len = MIN(size, frame->len - i * size);

        if (!pic32_eth_read_ed(eds[i], words, &next) ||
            !pic32_eth_write_bytes(words[1], frame->data + i * size, len)) {
            return false;
        }
        words[0] &= ~(R_ED_HEADER_EOWN_MASK | R_ED_HEADER_BYTE_COUNT_MASK |
                      R_ED_HEADER_SOP_MASK | R_ED_HEADER_EOP_MASK);
        words[0] |= len << R_ED_HEADER_BYTE_COUNT_SHIFT;
        words[0] |= i == 0 ? R_ED_HEADER_SOP_MASK : 0;
        words[0] |= i == n - 1 ? R_ED_HEADER_EOP_MASK : 0;
        status1 = FIELD_DP32(status1, ED_STATUS1, RX_USER,
                             FIELD_EX32(words[2], ED_STATUS1, RX_USER));
        if (!pic32_eth_write_word(eds[i] + A_ED_STATUS1, status1) ||
            !pic32_eth_write_word(eds[i] + A_ED_STATUS2, status2) ||
            !pic32_eth_write_word(eds[i] + A_ED_HEADER, words[0])) {
            return false;
        }
    }
    return true;
}

static void rx_stored(PIC32Eth *s, unsigned n)
{
    uint32_t full = FIELD_EX32(pic32_eth_reg(s, A_ETHRXWM), ETHRXWM, RXFWM);
    uint32_t empty = FIELD_EX32(pic32_eth_reg(s, A_ETHRXWM), ETHRXWM, RXEWM);
    uint32_t irq = pic32_eth_reg(s, A_ETHIRQ);

    s->rx_starved = false;
    timer_del(s->poll_timer);
    s->bufcnt = MIN(s->bufcnt + n, UINT8_MAX);
    if (s->bufcnt > empty) {
        irq &= ~R_ETHIRQ_EWMARK_MASK;
    }
    if (s->bufcnt >= full) {
        irq |= R_ETHIRQ_FWMARK_MASK;
        s->fc_auto = true;
    }
    pic32_sfr_set(&s->regs, A_ETHIRQ, irq);
    pic32_eth_raise(s, R_ETHIRQ_RXDONE_MASK);
    pic32_eth_flow_control(s);
}

void pic32_eth_rx_dma(PIC32Eth *s)
{
    uint32_t size = pic32_eth_reg(s, A_ETHCON2) & R_ETHCON2_RXBUF_SZ_MASK;
    uint32_t eds[MAX_RX_EDS];
    PIC32Frame *frame;

    while (rx_enabled(s) && (frame = pic32_frame_queue_first(&s->fifo))) {
        uint32_t before = s->fifo.count;
        uint32_t next;
        unsigned n;

        /* With a full count, automatic flow control halts the receiver. */
        if (s->bufcnt == UINT8_MAX &&
            FIELD_EX32(pic32_eth_con1(s), ETHCON1, AUTOFC)) {
            return;
        }
        if (!size) {
            qemu_log_mask(LOG_GUEST_ERROR, "pic32mz-eth: a frame came while "
                          "RXBUF_SZ is 0\n");
            rx_drop(s, R_ETHIRQ_RXBUFNA_MASK);
            continue;
        }
        n = rx_gather(s, frame, size, eds, &next);
        if (!n) {
            if (s->fifo.count == before) {
                return;
            }
            continue;
        }
        if (!rx_store(s, frame, size, eds, n)) {
            qemu_log_mask(LOG_GUEST_ERROR, "pic32mz-eth: no frame can be "
                          "stored by the receive descriptor at 0x%08x\n",
                          s->rx_next);
            rx_drop(s, R_ETHIRQ_RXBUSE_MASK);
            continue;
        }
        /* ETHRXST follows: the last descriptor used */
        pic32_sfr_set(&s->regs, A_ETHRXST, eds[n - 1]);
        s->rx_next = next;
        pic32_frame_free(pic32_frame_queue_pop(&s->fifo));
        rx_stored(s, n);
    }
}

/* Drivers append descriptors without touching a register. */
static void poll_timer(void *opaque)
{
    pic32_eth_rx_dma(opaque);
}

void pic32_eth_rx_start(PIC32Eth *s)
{
    s->rx_next = pic32_eth_reg(s, A_ETHRXST);
    s->bufcnt = 0;
    s->fc_auto = false;
    pic32_sfr_set(&s->regs, A_ETHIRQ,
                  pic32_eth_reg(s, A_ETHIRQ) & ~R_ETHIRQ_FWMARK_MASK);
    pic32_eth_update_irq(s);
    pic32_eth_flow_control(s);
    pic32_eth_rx_dma(s);
}

void pic32_eth_rx_release(PIC32Eth *s)
{
    uint32_t wm = pic32_eth_reg(s, A_ETHRXWM);
    uint32_t irq = pic32_eth_reg(s, A_ETHIRQ);

    if (s->bufcnt) {
        s->bufcnt--;
        if (!s->bufcnt || s->bufcnt < FIELD_EX32(wm, ETHRXWM, RXFWM)) {
            irq &= ~R_ETHIRQ_FWMARK_MASK;
        }
        if (s->bufcnt <= FIELD_EX32(wm, ETHRXWM, RXEWM)) {
            irq |= R_ETHIRQ_EWMARK_MASK;
            s->fc_auto = false;
        }
        pic32_sfr_set(&s->regs, A_ETHIRQ, irq);
        pic32_eth_update_irq(s);
        pic32_eth_flow_control(s);
    }
    if (s->rx_starved) {
        s->rx_starved = false;      /* fetches again, and may say so again */
    }
    pic32_eth_rx_dma(s);
}

void pic32_eth_rx_control(PIC32Eth *s)
{
    if (rx_enabled(s)) {
        pic32_eth_rx_dma(s);
    } else {
        pic32_frame_queue_clear(&s->fifo);
        s->rx_starved = false;
        timer_del(s->poll_timer);
    }
}

void pic32_eth_rx_reset(PIC32Eth *s)
{
    pic32_frame_queue_clear(&s->fifo);
    pic32_eth_cable_cut(s);
    timer_del(s->poll_timer);
    s->rx_next = 0;
    s->bufcnt = 0;
    s->rx_starved = false;
    s->fc_auto = false;
}

void pic32_eth_rx_init(PIC32Eth *s)
{
    pic32_frame_queue_init(&s->fifo);
    pic32_frame_queue_init(&s->cable);
    s->rx_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, cable_timer, s);
    s->poll_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, poll_timer, s);
}
