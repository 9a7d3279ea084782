/*
 * Ethernet PHY on the MII management bus
 *
 * Models IEEE 802.3: registers 0 to 7 of clause 22 with auto-negotiation
 * (clause 28) in its real time. What is a vendor's own is in
 * pic32mz_phy_smsc.c, pic32mz_phy_micrel.c and pic32mz_phy_national.c.
 *
 * Left out: next pages (register 7 keeps what is written), the MMD registers
 * behind 13 and 14 (energy efficient Ethernet, wake on LAN; they read as 0),
 * cable diagnostics, the interrupt pin (its source flags and mask are there),
 * far loopback, half duplex collisions, energy detect power-down, a cable that
 * is crossed the wrong way while auto-MDIX is off.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qapi/error.h"
#include "qemu/log.h"
#include "pic32mz_phy_internal.h"

/* Technology abilities of a base page, 802.3 table 28B-3 and its priorities. */
enum {
    ABLE_10HD = 1 << 5,
    ABLE_10FD = 1 << 6,
    ABLE_100HD = 1 << 7,
    ABLE_100FD = 1 << 8,
};

enum { PHY_IDLE, PHY_RESETTING, PHY_NEGOTIATING, PHY_TRAINING };

/*
 * 802.3 28.3.2: break_link_timer 1.2 to 1.5 s, then three times three FLP
 * bursts 16 ms apart, then link_fail_inhibit until the receiver has locked.
 */
#define PHY_NEGOTIATION_NS  (1700 * SCALE_MS)
/* Fixed speed: descrambler lock, or enough link pulses 16 ms apart. */
#define PHY_TRAINING_NS     (100 * SCALE_MS)

static const PIC32PhyModel *const pic32_phy_vendors[] = {
    pic32_phy_smsc, pic32_phy_micrel, pic32_phy_national,
};

static void pic32_phy_event(PIC32Phy *phy, unsigned events)
{
    phy->model->family->event(phy, events);
}

static uint16_t pic32_phy_common(const PIC32Phy *phy)
{
    return phy->regs[A_ANAR] & phy->partner;
}

static bool pic32_phy_negotiates(const PIC32Phy *phy)
{
    return FIELD_EX32(phy->regs[A_BMCR], BMCR, ANENABLE);
}

unsigned pic32_phy_speed(const PIC32Phy *phy)
{
    bool fast;

    if (pic32_phy_loops(phy) || !pic32_phy_negotiates(phy)) {
        fast = FIELD_EX32(phy->regs[A_BMCR], BMCR, SPEED100);
    } else {
        fast = pic32_phy_common(phy) & (ABLE_100FD | ABLE_100HD);
    }
    return fast ? 100 : 10;
}

bool pic32_phy_loops(const PIC32Phy *phy)
{
    return FIELD_EX32(phy->regs[A_BMCR], BMCR, LOOPBACK) &&
           !FIELD_EX32(phy->regs[A_BMCR], BMCR, POWERDOWN) &&
           !FIELD_EX32(phy->regs[A_BMCR], BMCR, ISOLATE);
}

bool pic32_phy_passes(const PIC32Phy *phy)
{
    return phy->link && !FIELD_EX32(phy->regs[A_BMCR], BMCR, LOOPBACK) &&
           !FIELD_EX32(phy->regs[A_BMCR], BMCR, ISOLATE);
}

unsigned pic32_phy_mode(const PIC32Phy *phy)
{
    uint16_t common = pic32_phy_common(phy);

    if (!phy->link) {
        return 0;
    }
    if (!pic32_phy_negotiates(phy)) {
        return (FIELD_EX32(phy->regs[A_BMCR], BMCR, SPEED100) ? 2 : 1) |
               (FIELD_EX32(phy->regs[A_BMCR], BMCR, FULLDPLX) ? 4 : 0);
    }
    if (common & ABLE_100FD) {
        return 6;
    }
    if (common & ABLE_100HD) {
        return 2;
    }
    return common & ABLE_10FD ? 5 : 1;
}

bool pic32_phy_pauses(const PIC32Phy *phy)
{
    return FIELD_EX32(phy->regs[A_BMSR], BMSR, ANCOMPLETE) &&
           FIELD_EX32(pic32_phy_common(phy), ANAR, PAUSE);
}

static void pic32_phy_link_up(PIC32Phy *phy)
{
    phy->link = true;
    pic32_phy_event(phy, PHY_EVENT_LINKUP);
}

static void pic32_phy_link_down(PIC32Phy *phy)
{
    if (phy->link) {
        phy->link_lost = true;
        pic32_phy_event(phy, PHY_EVENT_LINKDOWN);
    }
    phy->link = false;
    phy->regs[A_BMSR] &= ~R_BMSR_ANCOMPLETE_MASK;
    phy->regs[A_ANLPAR] = phy->model->reset[A_ANLPAR];
    phy->regs[A_ANER] &= ~R_ANER_LPANABLE_MASK;
}

/* Drops the link and, cable and power allowing, works towards a new one. */
static void pic32_phy_start(PIC32Phy *phy)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    pic32_phy_link_down(phy);
    phy->state = PHY_IDLE;
    timer_del(phy->timer);
    if (phy->cable && !FIELD_EX32(phy->regs[A_BMCR], BMCR, POWERDOWN)) {
        if (pic32_phy_negotiates(phy)) {
            phy->state = PHY_NEGOTIATING;
            timer_mod(phy->timer, now + PHY_NEGOTIATION_NS);
        } else {
            phy->state = PHY_TRAINING;
            timer_mod(phy->timer, now + PHY_TRAINING_NS);
        }
    }
    phy->changed(phy->opaque);
}

static void pic32_phy_defaults(PIC32Phy *phy, bool hard)
{
    unsigned i;

    for (i = 0; i < PIC32_PHY_REGS; i++) {
        uint16_t kept = hard ? 0 : phy->model->sticky[i];

        phy->regs[i] = (phy->model->reset[i] & ~kept) | (phy->regs[i] & kept);
    }
    if (hard && phy->model->family->straps) {
        phy->model->family->straps(phy);
    }
}

static void pic32_phy_negotiated(PIC32Phy *phy)
{
    uint16_t common = pic32_phy_common(phy);

    phy->regs[A_ANLPAR] = phy->partner;
    phy->regs[A_ANER] |= R_ANER_LPANABLE_MASK | R_ANER_PAGE_MASK;
    phy->regs[A_BMSR] |= R_BMSR_ANCOMPLETE_MASK;
    pic32_phy_event(phy, PHY_EVENT_ANCOMPLETE | PHY_EVENT_LPACK |
                    PHY_EVENT_PAGE);
    if (common & (ABLE_10HD | ABLE_10FD | ABLE_100HD | ABLE_100FD)) {
        pic32_phy_link_up(phy);
    }
}

/* The partner finds the speed by parallel detection, if it is able to do it. */
static void pic32_phy_trained(PIC32Phy *phy)
{
    bool fast = FIELD_EX32(phy->regs[A_BMCR], BMCR, SPEED100);

    if (phy->partner & (fast ? ABLE_100FD | ABLE_100HD
                             : ABLE_10FD | ABLE_10HD)) {
        pic32_phy_link_up(phy);
    }
}

static void pic32_phy_timer(void *opaque)
{
    PIC32Phy *phy = opaque;
    uint8_t state = phy->state;

    phy->state = PHY_IDLE;
    switch (state) {
    case PHY_RESETTING:
        pic32_phy_defaults(phy, false);
        pic32_phy_start(phy);
        return;
    case PHY_NEGOTIATING:
        pic32_phy_negotiated(phy);
        break;
    case PHY_TRAINING:
        pic32_phy_trained(phy);
        break;
    }
    phy->changed(phy->opaque);
}

bool pic32_phy_init(PIC32Phy *phy, const char *model, uint8_t address,
                    void (*changed)(void *opaque), void *opaque, Error **errp)
{
    g_autoptr(GString) known = g_string_new(NULL);
    const PIC32PhyModel *m;
    unsigned i;

    for (i = 0; i < ARRAY_SIZE(pic32_phy_vendors); i++) {
        for (m = pic32_phy_vendors[i]; m->name; m++) {
            if (!strcmp(m->name, model)) {
                phy->model = m;
            }
            g_string_append_printf(known, " %s", m->name);
        }
    }
    if (!phy->model) {
        error_setg(errp, "no PHY model '%s'; known:%s", model, known->str);
        return false;
    }
    if (address >= 32) {
        error_setg(errp, "PHY address %u: must be 0 to 31", address);
        return false;
    }
    phy->address = address;
    phy->changed = changed;
    phy->opaque = opaque;
    phy->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, pic32_phy_timer, phy);
    return true;
}

void pic32_phy_reset(PIC32Phy *phy)
{
    phy->link = false;
    phy->link_lost = false;
    pic32_phy_defaults(phy, true);
    pic32_phy_start(phy);
}

void pic32_phy_set_cable(PIC32Phy *phy, bool cable)
{
    if (cable == phy->cable) {
        return;
    }
    phy->cable = cable;
    if (cable) {
        pic32_phy_event(phy, PHY_EVENT_ENERGY);
    }
    if (phy->state != PHY_RESETTING) {
        pic32_phy_start(phy);
    }
}

static bool pic32_phy_answers(const PIC32Phy *phy, uint8_t address)
{
    return address == phy->address ||
           (!address && phy->model->family->broadcast &&
            phy->model->family->broadcast(phy));
}

uint16_t pic32_phy_read(PIC32Phy *phy, uint8_t address, uint8_t reg)
{
    uint16_t value;

    if (!pic32_phy_answers(phy, address)) {
        return 0xffff;
    }
    value = phy->regs[reg];
    switch (reg) {
    case A_BMSR:
        /* The link bit latches low until it is read: 802.3 22.2.4.2.13 */
        value = FIELD_DP32(value, BMSR, LINK, phy->link && !phy->link_lost);
        phy->link_lost = false;
        break;
    case A_ANER:
        phy->regs[A_ANER] &= ~R_ANER_PAGE_MASK;
        break;
    default:
        if (reg >= 16) {
            value = phy->model->family->read(phy, reg);
        }
    }
    return value;
}

static void pic32_phy_control(PIC32Phy *phy, uint16_t old, uint16_t value)
{
    uint16_t link = R_BMCR_ANENABLE_MASK | R_BMCR_POWERDOWN_MASK;

    if (value & R_BMCR_RESET_MASK) {
        phy->regs[A_BMCR] |= R_BMCR_RESET_MASK;
        phy->state = PHY_RESETTING;
        pic32_phy_link_down(phy);
        timer_mod(phy->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                  phy->model->reset_us * SCALE_US);
        phy->changed(phy->opaque);
        return;
    }
    if (!(phy->regs[A_BMCR] & R_BMCR_ANENABLE_MASK)) {
        link |= R_BMCR_SPEED100_MASK | R_BMCR_FULLDPLX_MASK;
    }
    if (((old ^ phy->regs[A_BMCR]) & link) ||
        (FIELD_EX32(value, BMCR, ANRESTART) && pic32_phy_negotiates(phy))) {
        pic32_phy_start(phy);
    } else {
        phy->changed(phy->opaque);
    }
}

void pic32_phy_write(PIC32Phy *phy, uint8_t address, uint8_t reg,
                     uint16_t value)
{
    uint16_t old = phy->regs[reg];
    uint16_t writable = phy->model->writable[reg];

    if (!pic32_phy_answers(phy, address) || phy->state == PHY_RESETTING) {
        return;
    }
    if (!writable) {
        qemu_log_mask(LOG_UNIMP, "%s: write of 0x%04x to register %u has no "
                      "effect\n", phy->model->name, value, reg);
        return;
    }
    phy->regs[reg] = (old & ~writable) | (value & writable);
    if (reg == A_BMCR) {
        pic32_phy_control(phy, old, value);
    } else if (phy->model->family->written) {
        phy->model->family->written(phy, reg);
    }
}

const VMStateDescription vmstate_pic32_phy = {
    .name = "pic32mz-phy",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_UINT8(address, PIC32Phy),
        VMSTATE_UINT16_ARRAY(regs, PIC32Phy, PIC32_PHY_REGS),
        VMSTATE_UINT16(partner, PIC32Phy),
        VMSTATE_BOOL(cable, PIC32Phy),
        VMSTATE_BOOL(link, PIC32Phy),
        VMSTATE_BOOL(link_lost, PIC32Phy),
        VMSTATE_UINT8(state, PIC32Phy),
        VMSTATE_TIMER_PTR(timer, PIC32Phy),
        VMSTATE_END_OF_LIST()
    }
};
