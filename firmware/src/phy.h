/* SPDX-License-Identifier: MIT */
/* The Ethernet PHY, a LAN8740A, over MIIM. */
#ifndef PHY_H
#define PHY_H

#include <stdbool.h>

struct phy_link {
    bool up, fast, full_duplex;                     /* fast: 100 Mbit/s */
};

/* Resets the PHY and starts auto-negotiation. False: no PHY answers. The MIIM clock must be set up. */
bool phy_init(void);

/* The link as it is now. Takes about 80 us. */
struct phy_link phy_link(void);

#endif
