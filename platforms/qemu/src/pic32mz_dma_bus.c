/*
 * PIC32MZ DMA controller: arbitration and transactions
 *
 * Models: DS60001320 (PIC32MZ EF data sheet) chapter 10 and DS60001117
 * (PIC32 Family Reference Manual, section 31).
 *
 * A transaction moves 1, 2 or 4 bytes: as many as both addresses are aligned
 * for and as are left of the cell, the source and the destination. A register
 * that is one byte wide (size 1) gets one access for each byte. The bus takes
 * one transaction after the other; for each of them the channel with the
 * highest CHPRI has it, and those of equal priority take turns.
 *
 * A transaction takes TRANSACTION_CLOCKS of SYSCLK, our own estimate: the
 * manuals give no number. It happens when its time is over. Transactions
 * between memories are carried out up to BATCH at a time, so that a program
 * that looks at the destination itself may see it up to so many transactions
 * late, but never early; whoever asks the controller sees all that is done.
 * Those with registers come late, too, when one cell has so many of them, or
 * a level asks for one cell after the other, that the host would do nothing
 * else: those that are due are carried out every QUIET_NS. A transaction that
 * an event has asked for comes when it is due.
 *
 * Left out: the bus is the DMA's own (no waiting for the CPU, other masters,
 * flash or slow peripheral clocks), and chunks whose source and destination
 * are aligned differently go byte by byte.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qemu/log.h"
#include "qemu/timer.h"
#include "exec/address-spaces.h"
#include "pic32mz_bus_master.h"
#include "pic32mz_dma_internal.h"

#define TRANSACTION_CLOCKS  5
#define BATCH               64
#define QUIET_NS            600
#define APPENDED_BYTES      4       /* of the CRC in append mode, at most */

/* --- what a channel is about to do */

/* Sizes of 16 bits: 0 stands for 65536. */
static uint32_t dma_size(const PIC32Dma *s, unsigned channel, hwaddr offset)
{
    return pic32_dma_reg(s, channel, offset) ?: 0x10000;
}

static bool dma_appends(const PIC32Dma *s, unsigned channel)
{
    return pic32_dma_crc_attached(s, channel) &&
           FIELD_EX32(pic32_sfr_get(&s->regs, A_DCRCCON), DCRCCON, CRCAPP);
}

static uint32_t dma_source(const PIC32Dma *s, unsigned channel)
{
    return pic32_dma_reg(s, channel, A_DCHSSA) +
           pic32_dma_reg(s, channel, A_DCHSPTR);
}

static uint32_t dma_destination(const PIC32Dma *s, unsigned channel)
{
    return pic32_dma_reg(s, channel, A_DCHDSA) +
           pic32_dma_reg(s, channel, A_DCHDPTR);
}

/* Bytes from a pointer to the end of its size; at least 1. */
static uint32_t dma_left(const PIC32Dma *s, unsigned channel, hwaddr pointer,
                         hwaddr size)
{
    uint32_t done = pic32_dma_reg(s, channel, pointer);
    uint32_t all = dma_size(s, channel, size);

    return done < all ? all - done : 1;
}

/* Bytes from a pointer to where its half flag comes, or past it to nowhere. */
static uint32_t dma_to_half(const PIC32Dma *s, unsigned channel,
                            hwaddr pointer, hwaddr size)
{
    uint32_t done = pic32_dma_reg(s, channel, pointer);
    uint32_t half = dma_size(s, channel, size) / 2;

    return done < half ? half - done : UINT32_MAX;
}

/* Bytes to the nearest end of cell, source and destination. */
static uint32_t dma_stretch(const PIC32Dma *s, unsigned channel)
{
    uint32_t bytes = MIN(dma_left(s, channel, A_DCHCPTR, A_DCHCSIZ),
                         dma_left(s, channel, A_DCHSPTR, A_DCHSSIZ));

    return dma_appends(s, channel)
           ? bytes : MIN(bytes, dma_left(s, channel, A_DCHDPTR, A_DCHDSIZ));
}

static unsigned dma_width(const PIC32Dma *s, unsigned channel)
{
    uint32_t bits = dma_source(s, channel) | 4;

    if (!dma_appends(s, channel)) {
        bits |= dma_destination(s, channel);
    }
    return MIN(1u << ctz32(bits), pow2floor(dma_stretch(s, channel)));
}

static bool dma_is_memory_at(uint32_t address, uint32_t bytes, bool is_write)
{
    MemoryRegionSection section =
        memory_region_find(get_system_memory(), address, bytes);
    bool memory = section.mr && int128_get64(section.size) == bytes &&
                  (is_write ? memory_region_is_ram(section.mr) &&
                              !memory_region_is_rom(section.mr)
                            : memory_region_is_ram(section.mr));

    memory_region_unref(section.mr);
    return memory;
}

/* Neither side of the stretch ahead is a register: no side effects. */
static bool dma_is_memory(const PIC32Dma *s, unsigned channel)
{
    uint32_t bytes = dma_stretch(s, channel);

    return dma_is_memory_at(dma_source(s, channel), bytes, false) &&
           (dma_appends(s, channel) ||
            dma_is_memory_at(dma_destination(s, channel), bytes, true));
}

/* --- a transaction */

static bool dma_access(PIC32Dma *s, unsigned channel, uint32_t address,
                       uint8_t *data, unsigned len, bool is_write)
{
    uint32_t stat = 0;

    if (pic32_bus_rw("DMA", pic32_dma_reg(s, channel, is_write ? A_DCHDSA
                                                               : A_DCHSSA),
                     address, MEMTXATTRS_UNSPECIFIED, data, len, is_write)) {
        return true;
    }
    qemu_log_mask(LOG_GUEST_ERROR, "DMA%u: nothing to %s at 0x%08x: address"
                  " error\n", channel, is_write ? "write" : "read", address);
    stat = FIELD_DP32(stat, DMASTAT, DMACH, channel);
    stat = FIELD_DP32(stat, DMASTAT, RDWR, !is_write);
    pic32_sfr_set(&s->regs, A_DMASTAT, stat);
    pic32_sfr_set(&s->regs, A_DMAADDR, address);
    s->channel[channel].in_cell = false;
    pic32_dma_enable(s, channel, false);
    pic32_dma_raise(s, channel, R_DCHINT_CHERIF_MASK);
    return false;
}

/*
 * Moves a pointer on, back to 0 at the end of its size; returns the flags
 * that this sets: half (CHxHIF) and end (CHxDIF).
 */
static uint32_t dma_advance(PIC32Dma *s, unsigned channel, hwaddr pointer,
                            hwaddr size, unsigned len, uint32_t half,
                            uint32_t end)
{
    uint32_t all = dma_size(s, channel, size);
    uint32_t before = pic32_dma_reg(s, channel, pointer);
    uint32_t after = before + len;
    uint32_t flags = before < all / 2 && after >= all / 2 ? half : 0;

    if (after >= all) {
        flags |= end;
        after = 0;
    }
    pic32_dma_set(s, channel, pointer, after);
    return flags;
}

/* Whether the pattern's last byte is among these. */
static bool dma_match(PIC32Dma *s, unsigned channel, const uint8_t *data,
                      unsigned len)
{
    PIC32DmaChannel *c = &s->channel[channel];
    uint32_t con = pic32_dma_reg(s, channel, A_DCHCON);
    uint32_t pattern = pic32_dma_reg(s, channel, A_DCHDAT);
    unsigned bytes = FIELD_EX32(con, DCHCON, CHPATLEN) + 1, i;

    if (!FIELD_EX32(pic32_dma_reg(s, channel, A_DCHECON), DCHECON, PATEN)) {
        return false;
    }
    for (i = 0; i < len; i++) {
        if (FIELD_EX32(con, DCHCON, CHPIGNEN) &&
            data[i] == FIELD_EX32(con, DCHCON, CHPIGN)) {
            continue;
        }
        if (data[i] == extract32(pattern, c->matched * 8, 8)) {
            c->matched++;
        } else {
            c->matched = data[i] == extract32(pattern, 0, 8);
        }
        if (c->matched >= bytes) {
            return true;
        }
    }
    return false;
}

/* The channels next to this one may wait for its end. */
static void dma_chain(PIC32Dma *s, int channel)
{
    int n;

    for (n = channel - 1; n <= channel + 1; n += 2) {
        uint32_t con;

        if (n < 0 || n >= PIC32_DMA_CHANNELS) {
            continue;
        }
        con = pic32_dma_reg(s, n, A_DCHCON);
        if (FIELD_EX32(con, DCHCON, CHCHN) &&
            FIELD_EX32(con, DCHCON, CHCHNS) == (n < channel)) {
            pic32_dma_enable(s, n, true);
        }
    }
}

static void dma_append_crc(PIC32Dma *s, unsigned channel)
{
    uint32_t address = pic32_dma_reg(s, channel, A_DCHDSA);
    uint32_t bytes = MIN(dma_size(s, channel, A_DCHDSIZ), APPENDED_BYTES);
    uint8_t data[APPENDED_BYTES];

    stl_le_p(data, pic32_dma_crc_result(s));
    dma_access(s, channel, address, data, bytes, true);
}

static void dma_end_block(PIC32Dma *s, unsigned channel)
{
    bool automatic = FIELD_EX32(pic32_dma_reg(s, channel, A_DCHCON), DCHCON,
                                CHAEN);

    if (dma_appends(s, channel)) {
        dma_append_crc(s, channel);
    }
    pic32_dma_rewind(s, channel);
    if (!automatic) {
        pic32_dma_enable(s, channel, false);
    }
    dma_chain(s, channel);
}

static void dma_transact(PIC32Dma *s, int channel)
{
    unsigned len = dma_width(s, channel);
    bool append = dma_appends(s, channel);
    bool source_leads = append || dma_size(s, channel, A_DCHSSIZ) >=
                                  dma_size(s, channel, A_DCHDSIZ);
    uint32_t flags, cell;
    bool matches, block_ends;
    uint8_t data[4];

    s->channel[channel].asked = false;
    if (!dma_access(s, channel, dma_source(s, channel), data, len, false)) {
        return;
    }
    matches = dma_match(s, channel, data, len);
    if (pic32_dma_crc_attached(s, channel)) {
        pic32_dma_crc_feed(s, data, len);
    }
    if (!append && !dma_access(s, channel, dma_destination(s, channel), data,
                               len, true)) {
        return;
    }
    if (s->on_bus != channel) {
        return;         /* the access itself brought about an abort */
    }
    flags = dma_advance(s, channel, A_DCHSPTR, A_DCHSSIZ, len,
                        R_DCHINT_CHSHIF_MASK, R_DCHINT_CHSDIF_MASK);
    if (!append) {
        flags |= dma_advance(s, channel, A_DCHDPTR, A_DCHDSIZ, len,
                             R_DCHINT_CHDHIF_MASK, R_DCHINT_CHDDIF_MASK);
    }
    block_ends = matches || (flags & (source_leads ? R_DCHINT_CHSDIF_MASK
                                                   : R_DCHINT_CHDDIF_MASK));
    cell = pic32_dma_reg(s, channel, A_DCHCPTR) + len;
    pic32_dma_set(s, channel, A_DCHCPTR, cell);
    if (block_ends) {
        flags |= R_DCHINT_CHCCIF_MASK | R_DCHINT_CHBCIF_MASK;
        dma_end_block(s, channel);
    } else if (cell >= dma_size(s, channel, A_DCHCSIZ)) {
        flags |= R_DCHINT_CHCCIF_MASK;
        pic32_dma_set(s, channel, A_DCHCPTR, 0);
        s->channel[channel].in_cell = false;
    }
    pic32_dma_raise(s, channel, flags);
    if (!s->channel[channel].in_cell) {
        pic32_dma_start_by_level(s, channel);
    }
}

/* --- who has the bus */

static bool dma_wants_bus(const PIC32Dma *s, unsigned channel)
{
    return pic32_dma_enabled(s, channel) &&
           (s->channel[channel].in_cell || s->channel[channel].pending);
}

/* A cell transfer under way is ready at once, a new one since its event. */
static int64_t dma_ready(const PIC32Dma *s, unsigned channel)
{
    return s->channel[channel].in_cell ? 0 : s->channel[channel].ready;
}

static unsigned dma_priority(const PIC32Dma *s, unsigned channel)
{
    return FIELD_EX32(pic32_dma_reg(s, channel, A_DCHCON), DCHCON, CHPRI);
}

/* The channel that gets the bus when it is free at that time; sets the time. */
static int dma_arbitrate(const PIC32Dma *s, int64_t *time)
{
    uint32_t con = pic32_sfr_get(&s->regs, A_DMACON);
    int64_t earliest = INT64_MAX;
    int best = NO_CHANNEL;
    unsigned i;

    if (!FIELD_EX32(con, DMACON, ON) || FIELD_EX32(con, DMACON, SUSPEND)) {
        return NO_CHANNEL;
    }
    for (i = 0; i < PIC32_DMA_CHANNELS; i++) {
        if (dma_wants_bus(s, i)) {
            earliest = MIN(earliest, dma_ready(s, i));
        }
    }
    if (earliest == INT64_MAX) {
        return NO_CHANNEL;
    }
    *time = MAX(*time, earliest);
    for (i = 1; i <= PIC32_DMA_CHANNELS; i++) {
        unsigned n = (s->last_on_bus + i) % PIC32_DMA_CHANNELS;

        if (dma_wants_bus(s, n) && dma_ready(s, n) <= *time &&
            (best < 0 || dma_priority(s, n) > dma_priority(s, best))) {
            best = n;
        }
    }
    return best;
}

static int64_t dma_ns(const PIC32Dma *s)
{
    return MAX(clock_ticks_to_ns(s->sysclk, TRANSACTION_CLOCKS), 1);
}

/* The bus is free at that time. */
static void dma_grant(PIC32Dma *s, int64_t time)
{
    PIC32DmaChannel *c;

    s->on_bus = dma_arbitrate(s, &time);
    if (s->on_bus == NO_CHANNEL) {
        return;
    }
    s->last_on_bus = s->on_bus;
    c = &s->channel[s->on_bus];
    if (!c->in_cell) {
        c->in_cell = true;
        c->pending = false;
    }
    s->bus_free = time + dma_ns(s);
}

/* Transactions that may be carried out together from now on. */
static unsigned dma_batch(const PIC32Dma *s)
{
    uint32_t bytes;
    int i;

    for (i = 0; i < PIC32_DMA_CHANNELS; i++) {
        if (i != s->on_bus && dma_wants_bus(s, i) &&
            dma_priority(s, i) >= dma_priority(s, s->on_bus)) {
            return 1;
        }
    }
    if (!dma_is_memory(s, s->on_bus) ||
        FIELD_EX32(pic32_dma_reg(s, s->on_bus, A_DCHECON), DCHECON, PATEN)) {
        return 1;
    }
    bytes = MIN(dma_stretch(s, s->on_bus),
                MIN(dma_to_half(s, s->on_bus, A_DCHSPTR, A_DCHSSIZ),
                    dma_to_half(s, s->on_bus, A_DCHDPTR, A_DCHDSIZ)));
    return MIN(DIV_ROUND_UP(bytes, 4), BATCH);
}

static void dma_arm(PIC32Dma *s)
{
    if (s->on_bus == NO_CHANNEL) {
        timer_del(s->timer);
    } else {
        int64_t due = s->bus_free + (dma_batch(s) - 1) * dma_ns(s);

        timer_mod(s->timer, s->channel[s->on_bus].asked
                            ? due : MAX(due, s->acted + QUIET_NS));
    }
}

void pic32_dma_run(PIC32Dma *s, bool memory_only)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);

    if (s->running) {
        return;
    }
    s->running = true;
    if (!memory_only) {
        s->acted = now;
    }
    while (s->on_bus != NO_CHANNEL && s->bus_free <= now &&
           !(memory_only && !dma_is_memory(s, s->on_bus))) {
        dma_transact(s, s->on_bus);
        dma_grant(s, s->bus_free);
    }
    s->running = false;
    dma_arm(s);
}

void pic32_dma_schedule(PIC32Dma *s)
{
    if (s->running) {
        return;
    }
    if (s->on_bus == NO_CHANNEL) {
        dma_grant(s, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    }
    dma_arm(s);
}

void pic32_dma_leave_bus(PIC32Dma *s, int channel)
{
    if (s->on_bus == channel) {
        s->on_bus = NO_CHANNEL;
    }
}
