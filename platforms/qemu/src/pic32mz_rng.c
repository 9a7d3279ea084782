/*
 * PIC32MZ random number generator
 *
 * Models: DS60001320 (PIC32MZ EF data sheet) chapter 27 and DS60001246
 * (PIC32 Family Reference Manual, section 49): TRNG and PRNG.
 *
 * Two generators. The true one (TRNG) shifts noise into RNGSEED while TRNGEN
 * is set; RNGCNT counts the bits that are new since RNGSEED was last read,
 * up to 64. Its noise is a stream of bits made from the property "seed" alone,
 * and what is read depends on it and on virtual time: a run can be repeated,
 * another seed gives another run. It goes on through a reset.
 * The pseudo one (PRNG) is a shift register of PLEN bits in RNGNUMGEN: each
 * PBCLK5 cycle it shifts right, and the parity of RNGNUMGEN AND RNGPOLY comes
 * in at bit PLEN - 1. With CONT set it never stops, else a read of RNGNUMGEN
 * makes PLEN new bits.
 *
 * Our own assumptions where the manuals give no number: a true random bit
 * takes 4 PBCLK5 cycles, 16 with the bias corrector (TRNGMODE = 0), and RNGVER
 * reads 0x00010100.
 *
 * Left out: nothing known.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/host-utils.h"
#include "qemu/timer.h"
#include "hw/clock.h"
#include "hw/qdev-clock.h"
#include "hw/qdev-properties.h"
#include "hw/registerfields.h"
#include "hw/sysbus.h"
#include "migration/vmstate.h"
#include "pic32mz_rng.h"
#include "pic32mz_sfr.h"

REG32(RNGVER, 0x00)
REG32(RNGCON, 0x04)
    FIELD(RNGCON, PLEN, 0, 8)
    FIELD(RNGCON, TRNGEN, 8, 1)
    FIELD(RNGCON, PRNGEN, 9, 1)
    FIELD(RNGCON, CONT, 10, 1)
    FIELD(RNGCON, TRNGMODE, 11, 1)
    FIELD(RNGCON, LOAD, 12, 1)
REG32(RNGPOLY1, 0x08)
REG32(RNGPOLY2, 0x0c)
REG32(RNGNUMGEN1, 0x10)
REG32(RNGNUMGEN2, 0x14)
REG32(RNGSEED1, 0x18)
REG32(RNGSEED2, 0x1c)
REG32(RNGCNT, 0x20)

#define MMIO_SIZE           0x100
#define TRNG_CYCLES         4       /* PBCLK5 cycles a bit, bare oscillators */
#define TRNG_CYCLES_BIAS    16      /* with the bias corrector */
#define TRNG_BITS           64      /* length of the shift register RNGSEED */

struct PIC32Rng {
    SysBusDevice parent_obj;

    PIC32SfrBlock regs;
    Clock *pbclk;
    uint64_t seed;

    /*
     * Both generators are computed when looked at. time is the virtual time
     * up to which they have been, less the part of a cycle that was left.
     */
    int64_t time;
    uint64_t trng_cycles;       /* cycles into the next true random bit */
    uint64_t trng_bits;         /* bits taken from the stream so far */
    uint64_t trng_read;         /* trng_bits when RNGSEED was last read */
    uint64_t prng_pending;      /* cycles still to shift with CONT = 0 */
};

static uint32_t rng_con(PIC32Rng *s)
{
    return pic32_sfr_get(&s->regs, A_RNGCON);
}

static uint64_t rng_get64(PIC32Rng *s, hwaddr low)
{
    return pic32_sfr_get(&s->regs, low) |
           (uint64_t)pic32_sfr_get(&s->regs, low + 4) << 32;
}

static void rng_set64(PIC32Rng *s, hwaddr low, uint64_t value)
{
    pic32_sfr_set(&s->regs, low, value);
    pic32_sfr_set(&s->regs, low + 4, value >> 32);
}

/* --- the noise source */

/* David Stafford's mix 13: every input bit reaches every output bit. */
static uint64_t rng_mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

/* 64 bits of the stream, from bit 64 * index on. */
static uint64_t rng_stream_word(PIC32Rng *s, uint64_t index)
{
    uint64_t key = rng_mix(s->seed + 0x9e3779b97f4a7c15);

    return rng_mix(key + (index + 1) * 0x9e3779b97f4a7c15);
}

/* The shift register after that many bits: the newest is bit 63. */
static uint64_t rng_stream_window(PIC32Rng *s, uint64_t bits)
{
    uint64_t word = bits / 64;
    unsigned shift = bits % 64;
    uint64_t low = word ? rng_stream_word(s, word - 1) : 0;

    return shift ? low >> shift | rng_stream_word(s, word) << (64 - shift)
                 : low;
}

/* --- running both generators up to now */

static void rng_run_trng(PIC32Rng *s, uint64_t cycles)
{
    unsigned per_bit = FIELD_EX32(rng_con(s), RNGCON, TRNGMODE)
                       ? TRNG_CYCLES : TRNG_CYCLES_BIAS;

    if (FIELD_EX32(rng_con(s), RNGCON, TRNGEN)) {
        cycles += s->trng_cycles;
        s->trng_bits += cycles / per_bit;
        s->trng_cycles = cycles % per_bit;
    }
}

/*
 * Shifting is linear over GF(2), so a long time is no long loop: the matrix
 * of one step, squared again and again, gives the matrix of 2^n steps.
 */
static uint64_t rng_apply(const uint64_t *matrix, uint64_t vector)
{
    uint64_t result = 0;

    for (; vector; vector &= vector - 1) {
        result ^= matrix[ctz64(vector)];
    }
    return result;
}

static uint64_t rng_shift(uint64_t number, uint64_t polynomial, unsigned plen)
{
    uint64_t bit = ctpop64(number & polynomial) & 1;

    return number >> 1 | bit << (plen - 1);
}

static uint64_t rng_shift_many(uint64_t number, uint64_t polynomial,
                               unsigned plen, uint64_t steps)
{
    uint64_t matrix[64], square[64];
    unsigned i;

    if (steps <= 256) {
        while (steps--) {
            number = rng_shift(number, polynomial, plen);
        }
        return number;
    }
    for (i = 0; i < plen; i++) {
        matrix[i] = rng_shift(1ULL << i, polynomial, plen);
    }
    for (; steps; steps >>= 1) {
        if (steps & 1) {
            number = rng_apply(matrix, number);
        }
        for (i = 0; i < plen; i++) {
            square[i] = rng_apply(matrix, matrix[i]);
        }
        memcpy(matrix, square, sizeof(matrix[0]) * plen);
    }
    return number;
}

static void rng_run_prng(PIC32Rng *s, uint64_t cycles)
{
    unsigned plen = MIN(FIELD_EX32(rng_con(s), RNGCON, PLEN), 64);
    uint64_t mask = plen ? MAKE_64BIT_MASK(0, plen) : 0;

    if (!plen || !FIELD_EX32(rng_con(s), RNGCON, PRNGEN)) {
        return;
    }
    if (!FIELD_EX32(rng_con(s), RNGCON, CONT)) {
        cycles = MIN(cycles, s->prng_pending);
        s->prng_pending -= cycles;
    }
    if (cycles) {
        rng_set64(s, A_RNGNUMGEN1,
                  rng_shift_many(rng_get64(s, A_RNGNUMGEN1) & mask,
                                 rng_get64(s, A_RNGPOLY1) & mask, plen,
                                 cycles));
    }
}

static void rng_run(PIC32Rng *s)
{
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    uint64_t cycles = clock_ns_to_ticks(s->pbclk, now - s->time);

    if (!clock_is_enabled(s->pbclk)) {
        s->time = now;
        return;
    }
    s->time += clock_ticks_to_ns(s->pbclk, cycles);
    rng_run_trng(s, cycles);
    rng_run_prng(s, cycles);
}

static void rng_clock_update(void *opaque, ClockEvent event)
{
    rng_run(opaque);
}

/* --- registers */

static uint32_t rng_read(void *opaque, hwaddr offset, unsigned size)
{
    PIC32Rng *s = opaque;
    uint64_t window;
    uint32_t value;

    rng_run(s);
    switch (offset) {
    case A_RNGNUMGEN1:
    case A_RNGNUMGEN2:
        value = pic32_sfr_get(&s->regs, offset);
        if (!s->prng_pending) {
            s->prng_pending = MIN(FIELD_EX32(rng_con(s), RNGCON, PLEN), 64);
        }
        return value;
    case A_RNGSEED1:
    case A_RNGSEED2:
        window = rng_stream_window(s, s->trng_bits);
        s->trng_read = s->trng_bits;
        return offset == A_RNGSEED1 ? window : window >> 32;
    case A_RNGCNT:
        return MIN(s->trng_bits - s->trng_read, TRNG_BITS);
    default:
        return pic32_sfr_get(&s->regs, offset);
    }
}

static void rng_write(void *opaque, hwaddr offset, uint32_t old,
                      uint32_t value)
{
    PIC32Rng *s = opaque;

    /* What ran until now ran with the old value. */
    pic32_sfr_set(&s->regs, offset, old);
    rng_run(s);
    pic32_sfr_set(&s->regs, offset, value & ~(offset == A_RNGCON
                                              ? R_RNGCON_LOAD_MASK : 0));
    if (offset == A_RNGCON) {
        if (value & ~old & R_RNGCON_TRNGEN_MASK) {
            s->trng_read = s->trng_bits;
            s->trng_cycles = 0;
        }
        if (value & ~old & R_RNGCON_PRNGEN_MASK) {
            s->prng_pending = 0;
        }
        if (value & R_RNGCON_LOAD_MASK) {
            rng_set64(s, A_RNGNUMGEN1, rng_stream_window(s, s->trng_bits));
            s->trng_read = s->trng_bits;
            s->prng_pending = 0;
        }
    }
}

static const PIC32SfrDef rng_defs[] = {
    { "RNGVER", A_RNGVER, .reset = 0x00010100, .plain = true },
    { "RNGCON", A_RNGCON, .reset = 0x64, .writable = 0x1fff, .plain = true },
    {
        "RNGPOLY1", A_RNGPOLY1, .reset = 0xffff0000, .writable = 0xffffffff,
        .plain = true,
    },
    {
        "RNGPOLY2", A_RNGPOLY2, .reset = 0xffff0000, .writable = 0xffffffff,
        .plain = true,
    },
    {
        "RNGNUMGEN1", A_RNGNUMGEN1, .reset = 0xffffffff,
        .writable = 0xffffffff, .plain = true,
    },
    {
        "RNGNUMGEN2", A_RNGNUMGEN2, .reset = 0xffffffff,
        .writable = 0xffffffff, .plain = true,
    },
    { "RNGSEED1", A_RNGSEED1, .plain = true },
    { "RNGSEED2", A_RNGSEED2, .plain = true },
    { "RNGCNT", A_RNGCNT, .plain = true },
};

static const PIC32SfrOps rng_ops = {
    .read = rng_read,
    .write = rng_write,
};

static void rng_reset_enter(Object *obj, ResetType type)
{
    PIC32Rng *s = PIC32_RNG(obj);

    rng_run(s);
    pic32_sfr_reset(&s->regs);
    s->trng_read = s->trng_bits;
    s->prng_pending = 0;
}

static void rng_init(Object *obj)
{
    PIC32Rng *s = PIC32_RNG(obj);

    /* before the update: the time until then ran at the old rate */
    s->pbclk = qdev_init_clock_in(DEVICE(obj), "pbclk", rng_clock_update, s,
                                  ClockPreUpdate);
    pic32_sfr_init(&s->regs, obj, TYPE_PIC32_RNG, MMIO_SIZE, rng_defs,
                   ARRAY_SIZE(rng_defs), &rng_ops, s);
    sysbus_init_mmio(SYS_BUS_DEVICE(obj), &s->regs.iomem);
}

static const VMStateDescription vmstate_rng = {
    .name = TYPE_PIC32_RNG,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (const VMStateField[]) {
        VMSTATE_PIC32_SFR(regs, PIC32Rng),
        VMSTATE_CLOCK(pbclk, PIC32Rng),
        VMSTATE_UINT64(seed, PIC32Rng),
        VMSTATE_INT64(time, PIC32Rng),
        VMSTATE_UINT64(trng_cycles, PIC32Rng),
        VMSTATE_UINT64(trng_bits, PIC32Rng),
        VMSTATE_UINT64(trng_read, PIC32Rng),
        VMSTATE_UINT64(prng_pending, PIC32Rng),
        VMSTATE_END_OF_LIST()
    }
};

static Property rng_properties[] = {
    DEFINE_PROP_UINT64("seed", PIC32Rng, seed, 0),
    DEFINE_PROP_END_OF_LIST(),
};

static void rng_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);
    ResettableClass *rc = RESETTABLE_CLASS(klass);

    dc->vmsd = &vmstate_rng;
    dc->desc = "PIC32MZ random number generator";
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
    rc->phases.enter = rng_reset_enter;
    device_class_set_props(dc, rng_properties);
}

static const TypeInfo rng_types[] = {
    {
        .name = TYPE_PIC32_RNG,
        .parent = TYPE_SYS_BUS_DEVICE,
        .instance_size = sizeof(PIC32Rng),
        .instance_init = rng_init,
        .class_init = rng_class_init,
    },
};

DEFINE_TYPES(rng_types)
