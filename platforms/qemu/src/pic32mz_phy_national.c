/*
 * Ethernet PHY that began at National: DP83848
 *
 * Models the vendor registers as in SNLS266 (DP83848C) chapter 7: PHYSTS,
 * MICR, MISR, RBR and PHYCR; of PCSR, LEDCR, 10BTSCR, CDCTRL1 and EDCR only
 * that they keep what is written.
 *
 * Left out: false carriers and receive errors (0x14 and 0x15 read as 0), the
 * built-in self test, the test interrupt; see also pic32mz_phy.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "pic32mz_phy_internal.h"

REG8(PHYSTS, 0x10)
    FIELD(PHYSTS, MDIX, 14, 1)
    FIELD(PHYSTS, SIGNAL, 10, 1)
    FIELD(PHYSTS, DESCRAMBLER, 9, 1)
    FIELD(PHYSTS, PAGE, 8, 1)
    FIELD(PHYSTS, INTERRUPT, 7, 1)
    FIELD(PHYSTS, ANCOMPLETE, 4, 1)
    FIELD(PHYSTS, LOOPBACK, 3, 1)
    FIELD(PHYSTS, FULLDPLX, 2, 1)
    FIELD(PHYSTS, SPEED10, 1, 1)
    FIELD(PHYSTS, LINK, 0, 1)
REG8(MICR, 0x11)
    FIELD(MICR, INTEN, 1, 1)
REG8(MISR, 0x12)
    FIELD(MISR, ED, 14, 1)
    FIELD(MISR, LINK, 13, 1)
    FIELD(MISR, SPD, 12, 1)
    FIELD(MISR, DUP, 11, 1)
    FIELD(MISR, ANC, 10, 1)
REG8(PCSR, 0x16)
REG8(RBR, 0x17)
REG8(LEDCR, 0x18)
REG8(PHYCR, 0x19)
    FIELD(PHYCR, MDIX_EN, 15, 1)
    FIELD(PHYCR, FORCE_MDIX, 14, 1)
    FIELD(PHYCR, PAUSE, 12, 2)
    FIELD(PHYCR, PHYADDR, 0, 5)
REG8(10BTSCR, 0x1a)
REG8(CDCTRL1, 0x1b)
REG8(EDCR, 0x1d)

#define MISR_FLAGS 0x7f00

static void national_event(PIC32Phy *phy, unsigned events)
{
    uint16_t *misr = &phy->regs[A_MISR];

    *misr |= events & PHY_EVENT_ENERGY ? R_MISR_ED_MASK : 0;
    *misr |= events & PHY_EVENT_ANCOMPLETE ? R_MISR_ANC_MASK : 0;
    *misr |= events & PHY_EVENT_LINKDOWN ? R_MISR_LINK_MASK : 0;
    if (events & PHY_EVENT_LINKUP) {
        *misr |= R_MISR_LINK_MASK | R_MISR_SPD_MASK | R_MISR_DUP_MASK;
    }
}

static uint16_t national_status(const PIC32Phy *phy)
{
    unsigned mode = pic32_phy_mode(phy);
    uint16_t bmcr = phy->regs[A_BMCR];
    uint16_t misr = phy->regs[A_MISR];
    uint16_t phycr = phy->regs[A_PHYCR];
    uint16_t value = 0;

    value = FIELD_DP32(value, PHYSTS, MDIX,
                       !FIELD_EX32(phycr, PHYCR, MDIX_EN) &&
                       FIELD_EX32(phycr, PHYCR, FORCE_MDIX));
    value = FIELD_DP32(value, PHYSTS, SIGNAL, !!(mode & 2));
    value = FIELD_DP32(value, PHYSTS, DESCRAMBLER, !!(mode & 2));
    value = FIELD_DP32(value, PHYSTS, PAGE,
                       FIELD_EX32(phy->regs[A_ANER], ANER, PAGE));
    value = FIELD_DP32(value, PHYSTS, INTERRUPT,
                       FIELD_EX32(phy->regs[A_MICR], MICR, INTEN) &&
                       (misr >> 8 & misr & 0x7f));
    value = FIELD_DP32(value, PHYSTS, ANCOMPLETE,
                       FIELD_EX32(phy->regs[A_BMSR], BMSR, ANCOMPLETE));
    value = FIELD_DP32(value, PHYSTS, LOOPBACK,
                       FIELD_EX32(bmcr, BMCR, LOOPBACK));
    value = FIELD_DP32(value, PHYSTS, FULLDPLX, !!(mode & 4));
    value = FIELD_DP32(value, PHYSTS, SPEED10, !!(mode & 1));
    return FIELD_DP32(value, PHYSTS, LINK, phy->link);
}

static uint16_t national_read(PIC32Phy *phy, uint8_t reg)
{
    uint16_t value = phy->regs[reg];

    switch (reg) {
    case A_PHYSTS:
        return national_status(phy);
    case A_MISR:
        phy->regs[A_MISR] &= ~MISR_FLAGS;
        break;
    case A_PHYCR:
        value = FIELD_DP32(value, PHYCR, PAUSE,
                           pic32_phy_pauses(phy) ? 3 : 0);
        return FIELD_DP32(value, PHYCR, PHYADDR, phy->address);
    }
    return value;
}

static const PIC32PhyFamily national_family = {
    .event = national_event,
    .read = national_read,
};

const PIC32PhyModel pic32_phy_national[] = {
    {
        .name = "dp83848",
        .family = &national_family,
        .reset_us = 3,
        .reset = {
            [A_BMCR] = 0x3100, [A_BMSR] = 0x7849, [A_PHYID1] = 0x2000,
            [A_PHYID2] = 0x5c90, [A_ANAR] = 0x01e1, [A_ANER] = 0x0004,
            [A_ANNPTR] = 0x2001, [A_PCSR] = 0x0100, [A_RBR] = 0x0021,
            [A_PHYCR] = 0x8020, [A_10BTSCR] = 0x0804, [A_EDCR] = 0x6011,
        },
        .writable = {
            [A_BMCR] = 0x7d80, [A_ANAR] = 0xadff, [A_ANNPTR] = 0xb7ff,
            [A_MICR] = 0x0007, [A_MISR] = 0x007f, [A_PCSR] = 0x07a4,
            [A_RBR] = 0x0033, [A_LEDCR] = 0x003f, [A_PHYCR] = 0xcde0,
            [A_10BTSCR] = 0x0fc3, [A_CDCTRL1] = 0x0037, [A_EDCR] = 0xf8ff,
        },
    },
    { },
};
