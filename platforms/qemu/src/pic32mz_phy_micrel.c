/*
 * Ethernet PHYs that began at Micrel: KSZ8041NL, KSZ8061, KSZ8081
 *
 * Models the vendor registers as in DS00002245 (KSZ8041NL), DS00002197
 * (KSZ8061) and DS00002199 (KSZ8081): interrupts (0x1b), and the two PHY
 * control registers (0x1e, 0x1f), in which link, operation mode and PAUSE are
 * read. All answer the broadcast address 0 besides their own; KSZ8081 until
 * register 0x16 forbids it.
 *
 * Left out: forced link, receive errors (0x15 reads as 0), LinkMD, Quiet-WIRE,
 * the analogue front end: registers that only keep what is written; see also
 * pic32mz_phy.c.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "pic32mz_phy_internal.h"

REG8(OMSO, 0x16)
    FIELD(OMSO, BCAST_OFF, 9, 1)
REG8(OMSS, 0x17)
    FIELD(OMSS, PHYAD, 13, 3)
REG8(ICSR, 0x1b)
    FIELD(ICSR, PAGE, 5, 1)
    FIELD(ICSR, LPACK, 3, 1)
    FIELD(ICSR, LINKDOWN, 2, 1)
    FIELD(ICSR, LINKUP, 0, 1)
REG8(PHYCON1, 0x1e)
    FIELD(PHYCON1, PAUSE, 9, 1)
    FIELD(PHYCON1, LINK, 8, 1)
    FIELD(PHYCON1, MDIX, 5, 1)
    FIELD(PHYCON1, ENERGY, 4, 1)
    FIELD(PHYCON1, ISOLATE, 3, 1)
    FIELD(PHYCON1, MODE, 0, 3)
REG8(PHYCON2, 0x1f)
    FIELD(PHYCON2, MDIXSEL, 14, 1)
    FIELD(PHYCON2, SWAPDIS, 13, 1)
/* KSZ8041NL has its status among the controls of 0x1f. */
REG8(KSZ8041_PHYCON1, 0x1e)
    FIELD(KSZ8041_PHYCON1, MDIX, 11, 1)
REG8(KSZ8041_PHYCON2, 0x1f)
    FIELD(KSZ8041_PHYCON2, ENERGY, 12, 1)
    FIELD(KSZ8041_PHYCON2, ANCOMPLETE, 7, 1)
    FIELD(KSZ8041_PHYCON2, PAUSE, 6, 1)
    FIELD(KSZ8041_PHYCON2, ISOLATE, 5, 1)
    FIELD(KSZ8041_PHYCON2, MODE, 2, 3)

#define ICSR_FLAGS 0x00ff

static void ksz80x1_straps(PIC32Phy *phy)
{
    phy->regs[A_OMSS] = FIELD_DP32(phy->regs[A_OMSS], OMSS, PHYAD,
                                   phy->address);
}

static void micrel_event(PIC32Phy *phy, unsigned events)
{
    uint16_t *icsr = &phy->regs[A_ICSR];

    *icsr |= events & PHY_EVENT_LINKUP ? R_ICSR_LINKUP_MASK : 0;
    *icsr |= events & PHY_EVENT_LINKDOWN ? R_ICSR_LINKDOWN_MASK : 0;
    *icsr |= events & PHY_EVENT_LPACK ? R_ICSR_LPACK_MASK : 0;
    *icsr |= events & PHY_EVENT_PAGE ? R_ICSR_PAGE_MASK : 0;
}

/* The pair swap in use: this cable needs none unless the software insists. */
static bool micrel_mdix(const PIC32Phy *phy)
{
    return FIELD_EX32(phy->regs[A_PHYCON2], PHYCON2, SWAPDIS) &&
           FIELD_EX32(phy->regs[A_PHYCON2], PHYCON2, MDIXSEL);
}

static uint16_t micrel_interrupts(PIC32Phy *phy)
{
    uint16_t value = phy->regs[A_ICSR];

    phy->regs[A_ICSR] &= ~ICSR_FLAGS;
    return value;
}

static uint16_t ksz8041_read(PIC32Phy *phy, uint8_t reg)
{
    uint16_t value = phy->regs[reg];

    switch (reg) {
    case A_ICSR:
        return micrel_interrupts(phy);
    case A_KSZ8041_PHYCON1:
        return FIELD_DP32(value, KSZ8041_PHYCON1, MDIX, micrel_mdix(phy));
    case A_KSZ8041_PHYCON2:
        value = FIELD_DP32(value, KSZ8041_PHYCON2, ENERGY, phy->cable);
        value = FIELD_DP32(value, KSZ8041_PHYCON2, ANCOMPLETE,
                           FIELD_EX32(phy->regs[A_BMSR], BMSR, ANCOMPLETE));
        value = FIELD_DP32(value, KSZ8041_PHYCON2, PAUSE,
                           pic32_phy_pauses(phy));
        value = FIELD_DP32(value, KSZ8041_PHYCON2, ISOLATE,
                           FIELD_EX32(phy->regs[A_BMCR], BMCR, ISOLATE));
        return FIELD_DP32(value, KSZ8041_PHYCON2, MODE, pic32_phy_mode(phy));
    }
    return value;
}

static uint16_t ksz80x1_read(PIC32Phy *phy, uint8_t reg)
{
    uint16_t value = phy->regs[reg];

    switch (reg) {
    case A_ICSR:
        return micrel_interrupts(phy);
    case A_PHYCON1:
        value = FIELD_DP32(value, PHYCON1, PAUSE, pic32_phy_pauses(phy));
        value = FIELD_DP32(value, PHYCON1, LINK, phy->link);
        value = FIELD_DP32(value, PHYCON1, MDIX, micrel_mdix(phy));
        value = FIELD_DP32(value, PHYCON1, ENERGY, phy->cable);
        value = FIELD_DP32(value, PHYCON1, ISOLATE,
                           FIELD_EX32(phy->regs[A_BMCR], BMCR, ISOLATE));
        return FIELD_DP32(value, PHYCON1, MODE, pic32_phy_mode(phy));
    }
    return value;
}

static bool micrel_broadcast(const PIC32Phy *phy)
{
    return !FIELD_EX32(phy->regs[A_OMSO], OMSO, BCAST_OFF);
}

static const PIC32PhyFamily ksz8041_family = {
    .event = micrel_event,
    .read = ksz8041_read,
    .broadcast = micrel_broadcast,
};

static const PIC32PhyFamily ksz80x1_family = {
    .straps = ksz80x1_straps,
    .event = micrel_event,
    .read = ksz80x1_read,
    .broadcast = micrel_broadcast,
};

#define MICREL_CLAUSE_22(id2)                                               \
    [A_BMCR] = 0x3100, [A_BMSR] = 0x7849, [A_PHYID1] = 0x0022,              \
    [A_PHYID2] = (id2), [A_ANAR] = 0x01e1, [A_ANLPAR] = 0x0001,             \
    [A_ANER] = 0x0004, [A_ANNPTR] = 0x2001
#define MICREL_CLAUSE_22_WRITABLE                                           \
    [A_BMCR] = 0x7d80, [A_ANAR] = 0xadff, [A_ANNPTR] = 0xb7ff

const PIC32PhyModel pic32_phy_micrel[] = {
    {
        .name = "ksz8041",
        .family = &ksz8041_family,
        .reset_us = 500,
        .reset = { MICREL_CLAUSE_22(0x1513), [A_KSZ8041_PHYCON2] = 0x8100 },
        .writable = {
            MICREL_CLAUSE_22_WRITABLE, [0x14] = 0x00c0, [A_ICSR] = 0xff00,
            [A_KSZ8041_PHYCON1] = 0xc080, [A_KSZ8041_PHYCON2] = 0xef03,
        },
    },
    {
        .name = "ksz8061",
        .family = &ksz80x1_family,
        .reset_us = 500,
        .reset = {
            MICREL_CLAUSE_22(0x1570), [A_OMSS] = 0x0002, [A_PHYCON2] = 0x8100,
        },
        .writable = {
            MICREL_CLAUSE_22_WRITABLE, [0x10] = 0x0010, [0x11] = 0x0040,
            [0x12] = 0xf000, [0x13] = 0x8001, [0x14] = 0x007f,
            [A_OMSO] = 0x1000, [0x18] = 0x0c40, [A_ICSR] = 0xff00,
            [0x1c] = 0x0020, [A_PHYCON2] = 0xef3f,
        },
    },
    {
        .name = "ksz8081",
        .family = &ksz80x1_family,
        .reset_us = 500,
        .reset = {
            MICREL_CLAUSE_22(0x1561), [A_OMSS] = 0x0002, [A_PHYCON2] = 0x8100,
        },
        .writable = {
            MICREL_CLAUSE_22_WRITABLE, [0x10] = 0x0010, [0x11] = 0x0020,
            [A_OMSO] = 0x02e3, [0x18] = 0x0c40, [A_ICSR] = 0xff00,
            [A_PHYCON2] = 0xefbf,
        },
    },
    { },
};
