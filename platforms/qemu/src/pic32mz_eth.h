/*
 * PIC32MZ Ethernet controller
 *
 * QEMU interface:
 *  + sysbus MMIO region 0: the controller's and the MAC's registers, 0x400
 *    bytes
 *  + sysbus IRQ 0: a level, while a bit of ETHIRQ is enabled by ETHIEN
 *  + Clock input "pbclk": the peripheral bus clock (PBCLK5); not connected:
 *    100 MHz
 *  + link "inputs": through which the netdev's frames and link come, and what
 *    is sent is told
 *  + properties "mac" and "netdev": as of every NIC; the MAC address is the
 *    chip's factory address. Without a netdev no cable is plugged in
 *  + property "path-seed": of chance on the way of frames, see pic32mz_path.h
 *  + properties "phy" (model) and "phy-address" (0 to 31), and "phy-partner":
 *    what the other end advertises, a base page of 802.3 28.2.1.2; a switch
 *    port of 10 and 100 Mbit/s
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_ETH_H
#define HW_MIPS_PIC32MZ_ETH_H

#include "net/net.h"
#include "qom/object.h"
#include "pic32mz_frame.h"
#include "pic32mz_path.h"

#define TYPE_PIC32_ETH "pic32mz-eth"
OBJECT_DECLARE_SIMPLE_TYPE(PIC32Eth, PIC32_ETH)

/* Cable out of the PHY, cable in. */
void pic32_eth_set_link(PIC32Eth *s, bool up);

/* Who looks at the cable; either function may be NULL. */
typedef struct PIC32CableWatch {
    /* A frame without FCS begins to arrive, or has left. */
    void (*frame)(void *opaque, const uint8_t *frame, size_t len,
                  bool to_board);
    void (*plugged)(void *opaque, bool in);
    void *opaque;
} PIC32CableWatch;

/* There is one at most; of a wire he sees only what the board sends. */
void pic32_eth_watch(PIC32Eth *s, const PIC32CableWatch *watch);

/* The socket that the cable goes into. */
NetClientState *pic32_eth_net_client(PIC32Eth *s);

/*
 * A frame, FCS included, is on its way to the board. What its path lets
 * through begins to arrive on the cable as soon as that is free. Taken.
 */
void pic32_eth_cable_send(PIC32Eth *s, PIC32Frame *frame);

/* The paths of frames to and from the board change. */
void pic32_eth_impair(PIC32Eth *s, const PIC32Impair *impair);
/* pic32_paths_counts(). Caller frees. */
char *pic32_eth_path_counts(PIC32Eth *s);

#endif
