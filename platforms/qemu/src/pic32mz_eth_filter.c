/*
 * PIC32MZ Ethernet controller: receive filters
 *
 * Models: DS60001155 (PIC32 Family Reference Manual, section 35), ETHRXFC. In
 * falling priority: take damaged frames, take runts, refuse damaged frames,
 * refuse runts; then any filter that takes the frame is enough (the order is
 * also that of eEthRxFilters in Microchip's peripheral library, eth.h).
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "pic32mz_eth_internal.h"

#define PATTERN_WINDOW 64
#define RUNT_LEN (PIC32_FRAME_MIN + PIC32_FCS_LEN)

/*
 * The hash is bits 28 to 23 of the destination's CRC-32, not inverted at the
 * end.
 */
static bool filter_hash(PIC32Eth *s, const uint8_t *destination)
{
    unsigned bit = extract32(net_crc32(destination, 6), 23, 6);

    return pic32_eth_reg(s, bit < 32 ? A_ETHHT0 : A_ETHHT1) >> (bit & 31) & 1;
}

/* Six 0xff, then the station address sixteen times, anywhere in the payload. */
static bool filter_magic(const uint8_t *data, uint32_t len,
                         const uint8_t *station)
{
    uint8_t magic[6 + 16 * 6];
    unsigned i;

    memset(magic, 0xff, 6);
    for (i = 0; i < 16; i++) {
        memcpy(magic + 6 + i * 6, station, 6);
    }
    return len > 14 && memmem(data + 14, len - 14, magic, sizeof(magic));
}

/*
 * The Internet checksum of those bytes of the window whose mask bit is set,
 * one behind the other. A frame that ends before the window never matches.
 */
static bool filter_pattern(PIC32Eth *s, const uint8_t *data, uint32_t len)
{
    uint64_t mask = pic32_eth_reg(s, A_ETHPMM0) |
                    (uint64_t)pic32_eth_reg(s, A_ETHPMM1) << 32;
    uint32_t offset = pic32_eth_reg(s, A_ETHPMO);
    uint32_t sum = 0;
    unsigned i, taken = 0;
    bool equal;

    if (offset + PATTERN_WINDOW > len) {
        return false;
    }
    for (i = 0; i < PATTERN_WINDOW; i++) {
        if (mask >> i & 1) {
            sum += data[offset + i] << (taken++ & 1 ? 0 : 8);
        }
    }
    while (sum >> 16) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    equal = (~sum & 0xffff) == pic32_eth_reg(s, A_ETHPMCS);
    return equal != FIELD_EX32(pic32_eth_reg(s, A_ETHRXFC), ETHRXFC, NOTPM);
}

/*
 * PMMODE: what else the frame must meet, hash and magic enabled or not. In the
 * data sheet's list each even mode reads like the odd one above it, as if its
 * bars over the terms were lost; Microchip's peripheral library (eth.h,
 * eEthPMatchMode) has them as pairs of a term and its opposite.
 */
static bool filter_pattern_mode(unsigned mode, uint8_t match)
{
    switch (mode) {
    case 1:
        return true;
    case 2:
        return match & RXF_UNICAST;
    case 3:
        return !(match & RXF_UNICAST);
    case 4:
        return match & (RXF_MULTICAST | RXF_BROADCAST);
    case 5:
        return match & (RXF_UNICAST | RXF_NOT_ME);
    case 6:
        return match & RXF_BROADCAST;
    case 7:
        return !(match & RXF_BROADCAST);
    case 8:
        return match & RXF_HASH;
    case 9:
        return match & RXF_MAGIC;
    default:
        return false;
    }
}

static uint8_t filter_match(PIC32Eth *s, const uint8_t *data, uint32_t len)
{
    uint32_t rxfc = pic32_eth_reg(s, A_ETHRXFC);
    uint8_t station[6];
    uint8_t match = 0;

    if (len < RUNT_LEN) {
        match |= RXF_RUNT;
    }
    if (len < sizeof(station)) {
        return match;
    }
    pic32_eth_station_address(s, station);
    if (pic32_eth_is_broadcast(data)) {
        match |= RXF_BROADCAST;
    } else if (data[0] & 1) {
        match |= RXF_MULTICAST;
    } else if (!memcmp(data, station, sizeof(station))) {
        match |= RXF_UNICAST;
    } else {
        match |= RXF_NOT_ME;
    }
    if (filter_hash(s, data)) {
        match |= RXF_HASH;
    }
    if (filter_magic(data, len, station)) {
        match |= RXF_MAGIC;
    }
    if (filter_pattern_mode(FIELD_EX32(rxfc, ETHRXFC, PMMODE), match) &&
        filter_pattern(s, data, len)) {
        match |= RXF_PATTERN;
    }
    return match;
}

bool pic32_eth_filter(PIC32Eth *s, PIC32Frame *frame)
{
    uint32_t rxfc = pic32_eth_reg(s, A_ETHRXFC);
    bool crc_ok = pic32_frame_fcs_ok(frame);
    bool check_crc = FIELD_EX32(rxfc, ETHRXFC, CRCOKEN);
    uint8_t wanted = RXF_PATTERN;
    bool runt;

    frame->match = filter_match(s, frame->data, frame->len);
    runt = (frame->match & RXF_RUNT) && (crc_ok || !check_crc);
    if (FIELD_EX32(rxfc, ETHRXFC, CRCERREN) && !crc_ok) {
        return true;
    }
    if (FIELD_EX32(rxfc, ETHRXFC, RUNTERREN) && runt) {
        return true;
    }
    if (check_crc && !crc_ok) {
        return false;
    }
    if (FIELD_EX32(rxfc, ETHRXFC, RUNTEN) && (frame->match & RXF_RUNT)) {
        return false;
    }
    wanted |= FIELD_EX32(rxfc, ETHRXFC, UCEN) ? RXF_UNICAST : 0;
    wanted |= FIELD_EX32(rxfc, ETHRXFC, NOTMEEN) ? RXF_NOT_ME : 0;
    wanted |= FIELD_EX32(rxfc, ETHRXFC, MCEN) ? RXF_MULTICAST : 0;
    wanted |= FIELD_EX32(rxfc, ETHRXFC, BCEN) ? RXF_BROADCAST : 0;
    wanted |= FIELD_EX32(rxfc, ETHRXFC, HTEN) ? RXF_HASH : 0;
    wanted |= FIELD_EX32(rxfc, ETHRXFC, MPEN) ? RXF_MAGIC : 0;
    return frame->match & wanted;
}
