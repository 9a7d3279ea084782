/* SPDX-License-Identifier: MIT */
/*
 * Ethernet controller: descriptor rings, interrupt, link watch. DS60001320 chapter 30; FRM section 35 (DS60001155).
 *
 * A frame takes as many descriptors of its ring as its length needs, so little RAM holds a few long frames or many
 * short ones. The buffers of a ring lie one behind another, which makes a frame a piece of it that may go round its end.
 * Frames are copied between the rings and lwIP's pbufs. Rings and buffers lie in uncached memory, so no cache line
 * has to be written back or thrown away, and a pbuf that a slow TCP peer holds never keeps a ring buffer busy.
 */
#include "ethernet.h"
#include <string.h>
#include "address.h"
#include "admission.h"
#include "board.h"
#include "clock.h"
#include "interrupts.h"
#include "options/RX_DESCRIPTORS.h"
#include "phy.h"
#include "tick.h"
#include "lwip/etharp.h"
#include "lwip/pbuf.h"
#include "netif/ethernet.h"

#define ETHERNET_PRIORITY 5u
#define RX_BUFFERS   ((unsigned)RX_DESCRIPTORS)     /* a buffer each */
#define TX_BUFFERS   8u                             /* two full frames */
#define BUFFER_SIZE  ETHERNET_BUFFER_SIZE
#define FRAME_MAX    1518u
#define LINK_POLL_MS 100u

/* Ethernet descriptor, FRM table 35-5 and 35-8. */
#define ED_SOP       (1u << 31)
#define ED_EOP       (1u << 30)
#define ED_COUNT(n)  ((uint32_t)(n) << 16)
#define ED_NPV       (1u << 8)                      /* the next descriptor's address is valid */
#define ED_EOWN      (1u << 7)                      /* owned by the controller */
#define ED_RX_OK     (1u << 23)                     /* status word 2: received OK */
#define ED_RX_BYTES  0xFFFFu

struct descriptor {
    volatile uint32_t header;
    volatile uint32_t buffer;                       /* physical addresses */
    volatile uint32_t status[2];                    /* RX: [0] checksum and filters, [1] byte count and flags */
    volatile uint32_t next;
};

#define DMA_MEMORY __attribute__((section(".dma"), aligned(16)))

static struct descriptor rx_ring[RX_BUFFERS] DMA_MEMORY;
static struct descriptor tx_ring[TX_BUFFERS] DMA_MEMORY;
static uint8_t rx_buffers[RX_BUFFERS * BUFFER_SIZE] DMA_MEMORY;
static uint8_t tx_buffers[TX_BUFFERS * BUFFER_SIZE] DMA_MEMORY;
static unsigned rx_next;                            /* where the next frame begins */
static unsigned tx_next, tx_done;                   /* to be filled; the oldest not seen sent */
static uint32_t link_polled_at;
static struct phy_link current_link;

struct ethernet_counters ethernet_counters;

static uint32_t physical(const volatile void *address)
{
    return (uintptr_t)address & 0x1FFFFFFF;
}

INTERRUPT(ethernet)
{
    /* The sources stay up until the main loop has emptied the ring: masked until then. */
    ETHIENCLR = ETHIEN_PKTPENDIE_MASK;
    ETHIRQCLR = ETHIRQ_TXDONE_MASK | ETHIRQ_RXBUFNA_MASK;
    interrupt_clear(IRQ_ETHERNET);
}

static void make_rings(void)
{
    for (unsigned i = 0; i < RX_BUFFERS; i++) {
        rx_ring[i].buffer = physical(rx_buffers + i * BUFFER_SIZE);
        rx_ring[i].next = physical(&rx_ring[(i + 1) % RX_BUFFERS]);
        rx_ring[i].header = ED_NPV | ED_EOWN;
    }
    for (unsigned i = 0; i < TX_BUFFERS; i++) {
        tx_ring[i].buffer = physical(tx_buffers + i * BUFFER_SIZE);
        tx_ring[i].next = physical(&tx_ring[(i + 1) % TX_BUFFERS]);
        tx_ring[i].header = ED_NPV;
    }
    rx_next = tx_next = tx_done = 0;
    ETHRXST = physical(rx_ring);
    ETHTXST = physical(tx_ring);
}

/* Sends what waits when the controller has run out of descriptors. TXRTS falls at the first one it does not own. */
static void start_sending(void)
{
    while (tx_done != tx_next && !(tx_ring[tx_done % TX_BUFFERS].header & ED_EOWN))
        tx_done++;
    if (tx_done != tx_next && !(ETHCON1 & ETHCON1_TXRTS_MASK)) {
        ETHTXST = physical(&tx_ring[tx_done % TX_BUFFERS]);
        ETHCON1SET = ETHCON1_TXRTS_MASK;
    }
}

/* `count` free transmit buffers; waits for them as long as a full frame takes at 10 Mbit/s. */
static bool transmit_buffers_free(unsigned count)
{
    for (unsigned waited_us = 0; ; waited_us += 10) {
        start_sending();
        if (TX_BUFFERS - (tx_next - tx_done) >= count)
            return true;
        if (waited_us >= 1300)
            return false;
        delay_us(10);
    }
}

static err_t ethernet_send(struct netif *netif, struct pbuf *frame)
{
    unsigned length = frame->tot_len, count = (length + BUFFER_SIZE - 1) / BUFFER_SIZE;

    if (!netif_is_link_up(netif) || length > FRAME_MAX || !transmit_buffers_free(count)) {
        ethernet_counters.tx_dropped++;
        return ERR_IF;
    }
    unsigned begin = tx_next % TX_BUFFERS, until_end = LWIP_MIN(length, (TX_BUFFERS - begin) * BUFFER_SIZE);
    pbuf_copy_partial(frame, tx_buffers + begin * BUFFER_SIZE, (u16_t)until_end, 0);
    pbuf_copy_partial(frame, tx_buffers, (u16_t)(length - until_end), (u16_t)until_end);
    /* Backwards: the controller takes the frame as soon as it owns the first descriptor. */
    for (unsigned i = count; i-- > 0;) {
        struct descriptor *d = &tx_ring[(begin + i) % TX_BUFFERS];
        unsigned piece = LWIP_MIN(length - i * BUFFER_SIZE, BUFFER_SIZE);
        d->status[0] = d->status[1] = 0;
        d->header = (i ? 0 : ED_SOP) | (i == count - 1 ? ED_EOP : 0) | ED_COUNT(piece) | ED_NPV | ED_EOWN;
    }
    tx_next += count;
    start_sending();
    return ERR_OK;
}

/* How many descriptors hold the next frame; 0: it is not there yet. */
static unsigned frame_descriptors(void)
{
    for (unsigned i = 0; i < RX_BUFFERS; i++) {
        uint32_t header = rx_ring[(rx_next + i) % RX_BUFFERS].header;
        if (header & ED_EOWN)
            return 0;
        if (header & ED_EOP)
            return i + 1;
    }
    return RX_BUFFERS;                              /* without an end: no frame, to be given back */
}

/* The frame in the next `count` descriptors as a pbuf, or NULL. */
static struct pbuf *received_frame(unsigned count)
{
    struct descriptor *last = &rx_ring[(rx_next + count - 1) % RX_BUFFERS];
    uint32_t length = last->status[1] & ED_RX_BYTES;
    struct pbuf *frame;

    if (!(rx_ring[rx_next].header & ED_SOP) || !(last->header & ED_EOP) || !(last->status[1] & ED_RX_OK) ||
        length > FRAME_MAX || length > count * BUFFER_SIZE) {
        ethernet_counters.rx_errors++;
        return NULL;
    }
    admission_of_frame();
    frame = pbuf_alloc(PBUF_RAW, (u16_t)length, PBUF_POOL);
    if (!frame) {
        ethernet_counters.rx_no_memory++;
        return NULL;
    }
    uint32_t until_end = LWIP_MIN(length, (RX_BUFFERS - rx_next) * BUFFER_SIZE);
    pbuf_take(frame, rx_buffers + rx_next * BUFFER_SIZE, (u16_t)until_end);
    if (until_end < length)
        pbuf_take_at(frame, rx_buffers, (u16_t)(length - until_end), (u16_t)until_end);
    return frame;
}

static void receive_frames(struct netif *netif)
{
    unsigned count;

    for (unsigned burst = 0; burst < RX_BUFFERS && (count = frame_descriptors()) != 0; burst++) {
        struct pbuf *frame = received_frame(count);
        while (count--) {
            rx_ring[rx_next].header = ED_NPV | ED_EOWN;
            ETHCON1SET = ETHCON1_BUFCDEC_MASK;      /* one buffer given back */
            rx_next = (rx_next + 1) % RX_BUFFERS;
        }
        if (frame && netif->input(frame, netif) != ERR_OK)
            pbuf_free(frame);
    }
    if (ETHIRQ & ETHIRQ_RXOVFLW_MASK) {
        ETHIRQCLR = ETHIRQ_RXOVFLW_MASK;
        ethernet_counters.rx_overflows++;
    }
    if (rx_ring[rx_next].header & ED_EOWN)
        ETHIENSET = ETHIEN_PKTPENDIE_MASK;
    else
        idle_wake = 1;
}

/* The MAC follows what the PHY has negotiated. */
static void follow_link(struct netif *netif)
{
    struct phy_link link = phy_link();
    if (link.up && !netif_is_link_up(netif)) {
        EMAC1SUPP = link.fast ? EMAC1SUPP_SPEEDRMII_MASK : 0;
        if (link.full_duplex)
            EMAC1CFG2SET = EMAC1CFG2_FULLDPLX_MASK;
        else
            EMAC1CFG2CLR = EMAC1CFG2_FULLDPLX_MASK;
        EMAC1IPGT = link.full_duplex ? 0x15 : 0x12; /* the gap of IEEE 802.3, FRM register 35-27 */
        current_link = link;
        address_link_up(netif);
    } else if (!link.up && netif_is_link_up(netif)) {
        current_link = link;
        netif_set_link_down(netif);
    }
}

void ethernet_task(struct netif *netif)
{
    receive_frames(netif);
    start_sending();
    if (tick_ms() - link_polled_at >= LINK_POLL_MS) {
        link_polled_at = tick_ms();
        follow_link(netif);
    }
}

const char *ethernet_link_text(const struct netif *netif)
{
    if (!netif_is_link_up(netif))
        return "down";
    if (current_link.fast)
        return current_link.full_duplex ? "up, 100 Mbit/s full duplex" : "up, 100 Mbit/s half duplex";
    return current_link.full_duplex ? "up, 10 Mbit/s full duplex" : "up, 10 Mbit/s half duplex";
}

static void factory_address(struct netif *netif)
{
    const uint32_t sa[3] = { EMAC1SA2, EMAC1SA1, EMAC1SA0 };
    for (unsigned i = 0; i < 3; i++) {
        netif->hwaddr[2 * i] = (u8_t)sa[i];
        netif->hwaddr[2 * i + 1] = (u8_t)(sa[i] >> 8);
    }
    netif->hwaddr_len = ETH_HWADDR_LEN;
}

/* FRM 35.4.10, in its order. */
static void reset_controller(void)
{
    ETHIENCLR = 0xFFFFFFFF;
    ETHCON1CLR = ETHCON1_ON_MASK | ETHCON1_RXEN_MASK | ETHCON1_TXRTS_MASK;
    while (ETHSTAT & ETHSTAT_ETHBUSY_MASK)
        ;
    ETHIRQ = 0;
    ETHCON1SET = ETHCON1_ON_MASK;
    while (ETHSTAT & ETHSTAT_BUFCNT_MASK)
        ETHCON1SET = ETHCON1_BUFCDEC_MASK;

    EMAC1CFG1 = EMAC1CFG1_SOFTRESET_MASK;
    EMAC1CFG1 = 0;
    EMAC1SUPP = EMAC1SUPP_RESETRMII_MASK;
    EMAC1SUPP = 0;
    EMAC1MCFG = EMAC1MCFG_RESETMGMT_MASK;
    EMAC1MCFG = 8u << EMAC1MCFG_CLKSEL_POSITION;    /* PBCLK5 / 40 = 2.5 MHz, the most that IEEE 802.3 allows */
}

err_t ethernet_init(struct netif *netif)
{
    /* RMII pins that can be analogue: on ports D, H and J. DS60001320 table 4 and 12.4. */
    ANSELHCLR = 1u << 4 | 1u << 5;
    ANSELJCLR = 1u << 8 | 1u << 9 | 1u << 11;

    reset_controller();
    factory_address(netif);
    if (!phy_init())
        return ERR_IF;

    EMAC1CFG1 = EMAC1CFG1_RXENABLE_MASK;
    EMAC1CFG2 = EMAC1CFG2_LENGTHCK_MASK | EMAC1CFG2_CRCENABLE_MASK | EMAC1CFG2_PADENABLE_MASK |
                EMAC1CFG2_AUTOPAD_MASK | EMAC1CFG2_EXCESSDFR_MASK;
    EMAC1IPGR = 0x0C12;                             /* the values FRM registers 35-28 and 35-29 recommend */
    EMAC1CLRT = 0x370F;
    EMAC1MAXF = FRAME_MAX;

    ETHCON2 = BUFFER_SIZE;                          /* RXBUF_SZ counts 16 bytes, from bit 4 */
    ETHRXFC = ETHRXFC_CRCOKEN_MASK | ETHRXFC_UCEN_MASK | ETHRXFC_BCEN_MASK;
    make_rings();
    interrupt_attach(IRQ_ETHERNET, ethernet_entry, ETHERNET_PRIORITY);
    ETHIENSET = ETHIEN_PKTPENDIE_MASK | ETHIEN_TXDONEIE_MASK;
    ETHCON1SET = ETHCON1_RXEN_MASK;

    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->mtu = 1500;
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET;
    netif->output = etharp_output;
    netif->linkoutput = ethernet_send;
    return ERR_OK;
}
