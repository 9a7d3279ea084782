/*
 * PIC32MZ Ethernet controller: what its files share
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_ETH_INTERNAL_H
#define HW_MIPS_PIC32MZ_ETH_INTERNAL_H

#include "exec/address-spaces.h"
#include "hw/irq.h"
#include "hw/sysbus.h"
#include "pic32mz_eth.h"
#include "pic32mz_eth_regs.h"
#include "pic32mz_inputs.h"
#include "pic32mz_miim.h"
#include "pic32mz_phy.h"
#include "pic32mz_sfr.h"

#define PIC32_ETH_MAX_TX_EDS 256    /* one frame never needs as many */

struct PIC32Eth {
    SysBusDevice parent_obj;

    PIC32SfrBlock regs;
    qemu_irq irq;
    PIC32Inputs *inputs;
    NICState *nic;
    NICConf conf;
    Clock *pbclk;
    char *phy_model;
    uint8_t phy_address;
    PIC32Phy phy;
    PIC32Miim miim;
    PIC32CableWatch watch;
    uint64_t path_seed;
    PIC32Path paths[PIC32_PATH_N_DIRECTIONS];

    /* transmit */
    uint8_t tx_state;
    bool tx_abort;
    uint32_t tx_next;               /* descriptor to be fetched next */
    uint32_t tx_eds[PIC32_ETH_MAX_TX_EDS];
    uint32_t tx_ed_count;
    uint32_t tx_status[2];          /* TSV, as written to the descriptor */
    PIC32FrameQueue tx;             /* the frame that is being sent */
    int64_t tx_free;                /* the gap after the last frame is over */
    int64_t tx_paused;              /* a received PAUSE is over */
    QEMUTimer *tx_timer;

    /* flow control, our PAUSE frames */
    bool fc_auto;                   /* between full and empty watermark */
    bool fc_on;
    bool pause_pending;
    QEMUTimer *fc_timer;

    /* receive */
    PIC32FrameQueue cable;          /* frames on the cable; time: last bit */
    int64_t rx_free;                /* the gap after the last of them is over */
    QEMUTimer *rx_timer;
    PIC32FrameQueue fifo;           /* accepted, waiting for descriptors */
    uint32_t rx_next;
    uint8_t bufcnt;
    bool rx_starved;
    int64_t poll_interval;
    QEMUTimer *poll_timer;
};

static inline uint32_t pic32_eth_reg(const PIC32Eth *s, hwaddr offset)
{
    return pic32_sfr_get(&s->regs, offset);
}

static inline uint32_t pic32_eth_con1(const PIC32Eth *s)
{
    return pic32_eth_reg(s, A_ETHCON1);
}

/* Mbit/s that the MAC is set to. */
static inline unsigned pic32_eth_speed(const PIC32Eth *s)
{
    return FIELD_EX32(pic32_eth_reg(s, A_EMAC1SUPP), EMAC1SUPP, SPEEDRMII)
           ? 100 : 10;
}

/* ns that bytes take at Mbit/s */
static inline int64_t pic32_eth_ns(uint64_t bytes, unsigned speed)
{
    return bytes * 8 * 1000 / speed;
}

/* 802.3 4.2: preamble and delimiter before a frame, the gap after it. */
#define PIC32_ETH_PREAMBLE  8
#define PIC32_ETH_GAP       12

/* pic32mz_eth.c */
void pic32_eth_station_address(const PIC32Eth *s, uint8_t address[6]);
void pic32_eth_raise(PIC32Eth *s, uint32_t irqs);
void pic32_eth_update_irq(PIC32Eth *s);
void pic32_eth_count(PIC32Eth *s, hwaddr counter);
/*
 * Reads a descriptor and finds the next one's address. False: bus error.
 * words has room for ED_WORDS_NPV.
 */
bool pic32_eth_read_ed(uint32_t address, uint32_t *words, uint32_t *next);
bool pic32_eth_write_word(uint32_t address, uint32_t value);
bool pic32_eth_write_bytes(uint32_t address, const uint8_t *data, uint32_t len);
/* Length check, multicast and broadcast: the same in RSV and TSV. */
uint32_t pic32_eth_frame_status(const uint8_t *data, uint32_t len);
bool pic32_eth_is_vlan(const uint8_t *data, uint32_t len);
bool pic32_eth_is_broadcast(const uint8_t *data);
/* A frame without FCS is on the cable: for who looks at it. */
void pic32_eth_seen(PIC32Eth *s, const uint8_t *frame, size_t len,
                    bool to_board);

/* pic32mz_eth_filter.c */
/* Sets frame->match; true: the frame is to be stored. */
bool pic32_eth_filter(PIC32Eth *s, PIC32Frame *frame);

/* pic32mz_eth_rx.c */
void pic32_eth_rx_init(PIC32Eth *s);
void pic32_eth_rx_reset(PIC32Eth *s);
bool pic32_eth_rx_busy(PIC32Eth *s);
/* The last bit of a frame has come, from the cable or looped back. */
void pic32_eth_rx_frame(PIC32Eth *s, PIC32Frame *frame);
/* Stores what waits, as far as there are descriptors. */
void pic32_eth_rx_dma(PIC32Eth *s);
/* ETHCON1 was written, ETHRXST was written, BUFCDEC was written. */
void pic32_eth_rx_control(PIC32Eth *s);
void pic32_eth_rx_start(PIC32Eth *s);
void pic32_eth_rx_release(PIC32Eth *s);
/*
 * A frame, FCS included, begins to arrive on the cable as soon as that is
 * free. Takes the frame.
 */
void pic32_eth_cable_receive(PIC32Eth *s, PIC32Frame *frame);
/* The cable carries no more. */
void pic32_eth_cable_cut(PIC32Eth *s);
/* For one more of the netdev's frames; how many wait is the host's doing. */
bool pic32_eth_cable_has_room(PIC32Eth *s);

/* pic32mz_eth_tx.c */
void pic32_eth_tx_init(PIC32Eth *s);
void pic32_eth_tx_reset(PIC32Eth *s);
bool pic32_eth_tx_busy(PIC32Eth *s);
/* Sends what is to be sent, when the cable is free. */
void pic32_eth_tx_kick(PIC32Eth *s);
/* A PAUSE frame came. */
void pic32_eth_tx_pause(PIC32Eth *s, uint16_t quanta);
/* MANFC, AUTOFC or BUFCNT changed: PAUSE frames begin or end. */
void pic32_eth_flow_control(PIC32Eth *s);

#endif
