/* SPDX-License-Identifier: MIT */
/* LAN8740A over MIIM. IEEE 802.3 clause 22; LAN8740A datasheet 4.2; FRM section 35, MIIM. */
#include "phy.h"
#include <stdint.h>
#include "board.h"
#include "clock.h"
#include "pic32mz_sfr.h"

enum { BMCR = 0, BMSR = 1, PHYID1 = 2, ANAR = 4, PHY_SPECIAL = 31 };

#define BMCR_RESET        0x8000u
#define BMCR_AUTO         0x1000u
#define BMCR_RESTART_AUTO 0x0200u
#define BMSR_AUTO_DONE    0x0020u
#define BMSR_LINK         0x0004u
#define ANAR_10_100       0x01E1u                   /* IEEE 802.3 selector, 10 and 100 Mbit/s, half and full duplex */
#define SPECIAL_100       0x0008u                   /* HCDSPEED: 001 10 HD, 101 10 FD, 010 100 HD, 110 100 FD */
#define SPECIAL_FULL      0x0010u
#define PHYID1_SMSC       0x0007u

static void miim_wait(void)
{
    delay_us(1);                                    /* MIIMBUSY comes up a few clocks after the command */
    while (EMAC1MIND & EMAC1MIND_MIIMBUSY_MASK)
        ;
}

static uint16_t phy_read(unsigned reg)
{
    EMAC1MADR = BOARD_PHY_ADDRESS << EMAC1MADR_PHYADDR_POSITION | reg << EMAC1MADR_REGADDR_POSITION;
    EMAC1MCMD = EMAC1MCMD_READ_MASK;
    miim_wait();
    EMAC1MCMD = 0;
    return (uint16_t)EMAC1MRDD;
}

static void phy_write(unsigned reg, uint16_t value)
{
    EMAC1MADR = BOARD_PHY_ADDRESS << EMAC1MADR_PHYADDR_POSITION | reg << EMAC1MADR_REGADDR_POSITION;
    EMAC1MWTD = value;
    miim_wait();
}

bool phy_init(void)
{
    if (phy_read(PHYID1) != PHYID1_SMSC)
        return false;
    phy_write(BMCR, BMCR_RESET);
    while (phy_read(BMCR) & BMCR_RESET)             /* at most 0.5 s, LAN8740A 3.8.5.2 */
        ;
    phy_write(ANAR, ANAR_10_100);
    phy_write(BMCR, BMCR_AUTO | BMCR_RESTART_AUTO);
    return true;
}

struct phy_link phy_link(void)
{
    struct phy_link link = { false, false, false };
    phy_read(BMSR);                                 /* link down latches: the second read is now */
    uint16_t status = phy_read(BMSR);
    if ((status & BMSR_LINK) && (status & BMSR_AUTO_DONE)) {
        uint16_t special = phy_read(PHY_SPECIAL);
        link.up = true;
        link.fast = special & SPECIAL_100;
        link.full_duplex = special & SPECIAL_FULL;
    }
    return link;
}
