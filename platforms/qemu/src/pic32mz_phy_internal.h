/*
 * Ethernet PHY: what its parts share, one file a family of vendor registers
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_PHY_INTERNAL_H
#define HW_MIPS_PIC32MZ_PHY_INTERNAL_H

#include "hw/registerfields.h"
#include "pic32mz_phy.h"

/* Registers are numbered, not addressed: A_ holds the number. */
REG8(BMCR, 0)
    FIELD(BMCR, RESET, 15, 1)
    FIELD(BMCR, LOOPBACK, 14, 1)
    FIELD(BMCR, SPEED100, 13, 1)
    FIELD(BMCR, ANENABLE, 12, 1)
    FIELD(BMCR, POWERDOWN, 11, 1)
    FIELD(BMCR, ISOLATE, 10, 1)
    FIELD(BMCR, ANRESTART, 9, 1)
    FIELD(BMCR, FULLDPLX, 8, 1)
REG8(BMSR, 1)
    FIELD(BMSR, ANCOMPLETE, 5, 1)
    FIELD(BMSR, LINK, 2, 1)
REG8(PHYID1, 2)
REG8(PHYID2, 3)
REG8(ANAR, 4)
    FIELD(ANAR, PAUSE, 10, 1)
REG8(ANLPAR, 5)
REG8(ANER, 6)
    FIELD(ANER, PAGE, 1, 1)
    FIELD(ANER, LPANABLE, 0, 1)
REG8(ANNPTR, 7)

/* What happens to a PHY that its vendor's interrupt flags tell. */
typedef enum PIC32PhyEvent {
    PHY_EVENT_ENERGY = 1 << 0,
    PHY_EVENT_ANCOMPLETE = 1 << 1,
    PHY_EVENT_LPACK = 1 << 2,
    PHY_EVENT_PAGE = 1 << 3,
    PHY_EVENT_LINKUP = 1 << 4,
    PHY_EVENT_LINKDOWN = 1 << 5,
} PIC32PhyEvent;

/*
 * Registers 16 to 31, and the addresses that a PHY answers besides its own.
 * straps, written and broadcast may be NULL.
 */
typedef struct PIC32PhyFamily {
    /* After a hardware reset: what the straps say. */
    void (*straps)(PIC32Phy *phy);
    /* One or more PIC32PhyEvent have happened. */
    void (*event)(PIC32Phy *phy, unsigned events);
    /* What a read finds; clears what a read clears. */
    uint16_t (*read)(PIC32Phy *phy, uint8_t reg);
    /* A writable register was written. */
    void (*written)(PIC32Phy *phy, uint8_t reg);
    /* It answers address 0 as well. */
    bool (*broadcast)(const PIC32Phy *phy);
} PIC32PhyFamily;

struct PIC32PhyModel {
    const char *name;
    const PIC32PhyFamily *family;
    unsigned reset_us;                  /* how long BMCR.RESET stays set */
    uint16_t reset[PIC32_PHY_REGS];
    uint16_t writable[PIC32_PHY_REGS];
    uint16_t sticky[PIC32_PHY_REGS];    /* survives BMCR.RESET */
};

/* Each ends with an entry without a name. */
extern const PIC32PhyModel pic32_phy_smsc[];
extern const PIC32PhyModel pic32_phy_micrel[];
extern const PIC32PhyModel pic32_phy_national[];

/*
 * The mode of the link, as more than one vendor encodes it: 1 is 10 Mbit/s, 2 is
 * 100 Mbit/s, plus 4 for full duplex; 0 while there is none.
 */
unsigned pic32_phy_mode(const PIC32Phy *phy);
/* The link partner and this PHY both advertise symmetric PAUSE. */
bool pic32_phy_pauses(const PIC32Phy *phy);

#endif
