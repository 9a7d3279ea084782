/*
 * Ethernet PHYs that began at SMSC: LAN8740A, LAN8742A, LAN8720A
 *
 * Models DS00001987 (LAN8740A) chapter 4, DS00001989 (LAN8742A) and DS00002165
 * (LAN8720A): the vendor registers 17, 18, 26, 27, 29, 30 and 31.
 *
 * Left out: symbol errors (26 reads as 0); see also pic32mz_phy.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "pic32mz_phy_internal.h"

REG8(MCSR, 17)
    FIELD(MCSR, ENERGYON, 1, 1)
REG8(SMR, 18)
    FIELD(SMR, PHYAD, 0, 5)
REG8(SCSIR, 27)
REG8(ISR, 29)
    FIELD(ISR, ENERGYON, 7, 1)
    FIELD(ISR, ANCOMPLETE, 6, 1)
    FIELD(ISR, LINKDOWN, 4, 1)
    FIELD(ISR, LPACK, 3, 1)
    FIELD(ISR, PAGE, 1, 1)
REG8(IMR, 30)
REG8(PSCSR, 31)
    FIELD(PSCSR, AUTODONE, 12, 1)
    FIELD(PSCSR, SPEED, 2, 3)

static void smsc_straps(PIC32Phy *phy)
{
    phy->regs[A_SMR] |= phy->address;
}

static void smsc_event(PIC32Phy *phy, unsigned events)
{
    uint16_t *isr = &phy->regs[A_ISR];

    *isr |= events & PHY_EVENT_ENERGY ? R_ISR_ENERGYON_MASK : 0;
    *isr |= events & PHY_EVENT_ANCOMPLETE ? R_ISR_ANCOMPLETE_MASK : 0;
    *isr |= events & PHY_EVENT_LINKDOWN ? R_ISR_LINKDOWN_MASK : 0;
    *isr |= events & PHY_EVENT_LPACK ? R_ISR_LPACK_MASK : 0;
    *isr |= events & PHY_EVENT_PAGE ? R_ISR_PAGE_MASK : 0;
}

static uint16_t smsc_read(PIC32Phy *phy, uint8_t reg)
{
    uint16_t value = phy->regs[reg];

    switch (reg) {
    case A_MCSR:
        value = FIELD_DP32(value, MCSR, ENERGYON, phy->cable);
        break;
    case A_ISR:
        phy->regs[A_ISR] = 0;
        break;
    case A_PSCSR:
        value = FIELD_DP32(value, PSCSR, AUTODONE,
                           FIELD_EX32(phy->regs[A_BMSR], BMSR, ANCOMPLETE));
        value = FIELD_DP32(value, PSCSR, SPEED, pic32_phy_mode(phy));
        break;
    }
    return value;
}

static void smsc_written(PIC32Phy *phy, uint8_t reg)
{
    if (reg == A_SMR) {
        phy->address = FIELD_EX32(phy->regs[A_SMR], SMR, PHYAD);
    }
}

static const PIC32PhyFamily smsc_family = {
    .straps = smsc_straps,
    .event = smsc_event,
    .read = smsc_read,
    .written = smsc_written,
};

/* The three differ in name, next pages and the MII that LAN8740A alone has. */
#define SMSC_PHY(id2, aner, smr_writable)                                   \
    .family = &smsc_family,                                                 \
    .reset_us = 500,                                                        \
    .reset = {                                                              \
        [A_BMCR] = 0x3000, [A_BMSR] = 0x7809, [A_PHYID1] = 0x0007,          \
        [A_PHYID2] = (id2), [A_ANAR] = 0x01e1, [A_ANLPAR] = 0x0001,         \
        [A_ANER] = (aner), [A_SMR] = 0x40e0, [A_PSCSR] = 0x0040,            \
    },                                                                      \
    .writable = {                                                           \
        [A_BMCR] = 0x7d80, [A_ANAR] = 0xadff, [A_MCSR] = 0x2240,            \
        [A_SMR] = (smr_writable), [A_SCSIR] = 0xa800, [A_IMR] = 0x01fe,     \
        [A_PSCSR] = 0x0040,                                                 \
    },                                                                      \
    .sticky = { [A_SMR] = 0x40ff, [A_SCSIR] = 0x0800 }

const PIC32PhyModel pic32_phy_smsc[] = {
    { .name = "lan8740a", SMSC_PHY(0xc111, 0x0064, 0x40ff) },
    { .name = "lan8742a", SMSC_PHY(0xc131, 0x0064, 0x00ff) },
    { .name = "lan8720a", SMSC_PHY(0xc0f1, 0x0000, 0x00ff) },
    { },
};
