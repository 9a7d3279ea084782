/*
 * Stores over the end of an object
 *
 * Found are a store to the padding behind an object (padding), one of which a
 * part is in the object (straddle), a loop that goes on past the end (loop), a
 * function that is given an object and writes behind it (writer), the same of
 * a device (dma), and a store of which the code says that it indexes an object
 * (base). A loop is one instruction that has stored twice in
 * the object and now goes on, by the same step and in the same number of
 * instructions, without its function having been called again: two loops over
 * neighbours take other instructions in between.
 *
 * What the code says may be wrong: an index into an object less a constant is
 * an index into what lies before it. So a store that goes elsewhere than to
 * its object and the bytes right behind it counts for nothing, and where such
 * a constant is likely one must have gone to its object as well.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include <stdlib.h>
#include <string.h>

#include "watch.h"

#define HEAD        8           /* bytes behind an object that matter */
#define TAIL        16          /* and at its end: two stores of a loop */
#define STEP_MAX    8
#define PADDING     15          /* a gap of more is no padding */
#define OBJECTS     0x7fff
#define IS_PADDING  0x8000
#define ACTIVE      16          /* calls of writers */
#define WRITER_FRAME 256
#define BEHIND      8           /* bytes: what an index is wrong by */
#define SMALL       8           /* a constant less than an index, likely */

typedef struct Function {
    Range range;
    bool writer;
    uint64_t entered;
} Function;

struct Site {
    uint32_t pc, unused;
    Function *function;
    uint64_t entered;           /* of the function, at its last store */
    uint64_t when;              /* that store, in instructions executed */
    uint64_t pace;              /* instructions from the one before to it */
    uint32_t last;              /* its address */
    int32_t step;               /* from the one before; 0: there is none */
    uint16_t object;            /* that both were in */
    bool over;                  /* this loop has left it, which is known */
};

/* A call of a writer */
typedef struct Call {
    const Function *function;
    uint32_t sp, ra;
    uint16_t object;
    uint64_t order;
} Call;

/* As it is written */
typedef struct Overrun {
    int64_t time;
    uint32_t object, address, pc, ra;
    char kind[12], device[20];
} Overrun;

/* A store that indexes an object, by the code. */
struct Base {
    uint32_t pc, low;           /* the object's first byte */
    uint16_t object;
    uint8_t size;               /* of what it stores */
    bool inside, elsewhere, behind;
    Overrun overrun;            /* if behind */
};

uint8_t *overruns_edge;
static List bases;              /* of Base, in order */
static List objects;            /* of Range, in order */
static List functions;          /* of Function, in order */
static List found;              /* of Overrun */
static Table sites;
static uint16_t *owner;         /* of each byte: an object's number from 1 */
static uint32_t armed_by;       /* 0: armed from the start */
static bool armed;
static Call active[ACTIVE];
static unsigned next_active;
static uint64_t calls_of_writers;

bool overruns_add_object(uint32_t low, uint32_t high)
{
    Range *object;

    if (objects.count == OBJECTS) {
        fprintf(stderr, "watch: more than %d objects\n", OBJECTS);
        return false;
    }
    object = list_add(&objects, sizeof(Range));
    *object = (Range) { low, high };
    return true;
}

void overruns_add_function(uint32_t low, uint32_t high, bool writer)
{
    Function *function = list_add(&functions, sizeof(Function));

    *function = (Function) { .range = { low, high }, .writer = writer };
}

void overruns_add_base(uint32_t pc, uint32_t low)
{
    Base *base = list_add(&bases, sizeof(Base));

    *base = (Base) { .pc = pc, .low = low };
}

void overruns_from(uint32_t pc)
{
    armed_by = pc;
}

void overruns_reset(void)
{
    armed = objects.count && !armed_by;
    memset(active, 0, sizeof(active));
}

static const Range *object_of(uint16_t number)
{
    return number ? (Range *)objects.entries + (number & ~IS_PADDING) - 1
                  : NULL;
}

static const Range *object_at(uint32_t address)
{
    return owner[address] & IS_PADDING ? NULL : object_of(owner[address]);
}

static void mark(uint32_t low, uint32_t high)
{
    for (uint32_t at = low; at < high && at < ram_size; at++) {
        overruns_edge[at] = 1;
        ram_state[at] |= BYTE_CALL;
    }
}

static uint32_t padding_end(const Range *object, const Range *next)
{
    return next && next->low - object->high <= PADDING ? next->low
                                                       : object->high;
}

void overruns_start(void)
{
    const Range *all = objects.entries;

    overruns_edge = allocate(ram_size + 8, 1);
    owner = allocate(ram_size + 8, sizeof(uint16_t));
    for (size_t i = 0; i < objects.count; i++) {
        const Range *next = i + 1 < objects.count ? &all[i + 1] : NULL;
        uint32_t end = padding_end(&all[i], next), at;

        for (at = all[i].low; at < end && at < ram_size; at++) {
            owner[at] = (i + 1) | (at < all[i].high ? 0 : IS_PADDING);
        }
        mark(all[i].high - all[i].low < TAIL ? all[i].low
                                             : all[i].high - TAIL,
             all[i].high + HEAD);
    }
    for (size_t i = 0; i < bases.count; i++) {
        Base *base = (Base *)bases.entries + i;

        base->object = base->low < ram_size ? owner[base->low] : 0;
    }
    overruns_reset();
}

static bool is_known(const char *device, uint32_t object, uint32_t pc)
{
    const Overrun *all = found.entries;

    for (size_t i = 0; i < found.count; i++) {
        if (all[i].pc == pc && all[i].object == object &&
            !strcmp(all[i].device, device)) {
            return true;
        }
    }
    return false;
}

static Overrun overrun_of(const char *kind, uint16_t number, uint32_t address,
                          uint32_t pc, PIC32WatchMoment moment,
                          const char *device)
{
    Overrun overrun = {
        .time = moment.time, .object = (number & ~IS_PADDING) - 1,
        .address = address, .pc = pc,
        .ra = pc ? pic32_watch_gpr()[REG_RA] & ~1 : 0,
    };

    snprintf(overrun.kind, sizeof(overrun.kind), "%s", kind);
    snprintf(overrun.device, sizeof(overrun.device), "%s", device);
    return overrun;
}

static void report(const char *kind, uint16_t number, uint32_t address,
                   uint32_t pc, PIC32WatchMoment moment, const char *device)
{
    if (!is_known(device, (number & ~IS_PADDING) - 1, pc)) {
        *(Overrun *)list_add(&found, sizeof(Overrun)) =
            overrun_of(kind, number, address, pc, moment, device);
    }
}

/* --- what one store shows by itself */

static bool store_leaves(const Insn *insn, uint32_t address, uint32_t size)
{
    uint16_t first = owner[address];
    const Range *object = object_of(first);

    if (first && !(first & IS_PADDING) && address + size > object->high) {
        report("straddle", first, object->high, insn->pc,
               pic32_watch_moment(insn->ahead), "");
        return true;
    }
    for (uint32_t at = address; at < address + size; at++) {
        if (owner[at] & IS_PADDING) {
            report("padding", owner[at], at, insn->pc,
                   pic32_watch_moment(insn->ahead), "");
            return true;
        }
    }
    return false;
}

/* --- loops */

static void site_store(const Insn *insn, uint32_t address)
{
    Site *site = insn->site;
    uint64_t now = pic32_watch_moment(insn->ahead).instructions;
    uint64_t pace = now - site->when;
    int32_t step = address - site->last;
    bool again = site->function->entered == site->entered && step &&
                 step <= STEP_MAX && step >= -STEP_MAX;
    bool steady = again && step == site->step && pace == site->pace;
    uint16_t here = owner[address];

    site->over &= again;
    if (steady && here != site->object && site->object && !site->over) {
        const Range *left = object_of(site->object);

        site->over = true;
        report("loop", site->object, step > 0 ? left->high : address, insn->pc,
               pic32_watch_moment(insn->ahead), "");
    }
    /* Two in the same object are a loop in it; and so is what it does next. */
    site->step = again && owner[site->last] == here ? step : 0;
    site->object = site->step && !(here & IS_PADDING) ? here : 0;
    site->pace = pace;
    site->when = now;
    site->last = address;
    site->entered = site->function->entered;
}

/* --- functions that write where a0 points */

static void on_writer(unsigned vcpu, void *opaque)
{
    const Insn *insn = opaque;
    const uint32_t *gpr = pic32_watch_gpr();
    uint32_t to = gpr[REG_A0] & PHYSICAL, which;

    (void)vcpu;
    for (which = 0; which < ACTIVE; which++) {
        if (active[which].function == insn->site->function &&
            active[which].sp == gpr[REG_SP] && active[which].ra == gpr[REG_RA]) {
            break;
        }
    }
    if (which == ACTIVE) {
        which = next_active++ % ACTIVE;
    }
    active[which] = (Call) {
        .function = insn->site->function, .sp = gpr[REG_SP],
        .ra = gpr[REG_RA],
        .object = gpr[REG_A0] >= 0x80000000 && to < ram_size
                  ? owner[to] & ~IS_PADDING : 0,
        .order = ++calls_of_writers,
    };
}

static void writer_store(const Insn *insn, uint32_t address, uint32_t size)
{
    const uint32_t *gpr = pic32_watch_gpr();
    const Call *last = NULL;
    const Range *object;

    /* A caller may have called it before, from elsewhere on the stack. */
    for (const Call *call = active; call < active + ACTIVE; call++) {
        if (call->function == insn->site->function &&
            call->ra == gpr[REG_RA] &&
            call->sp - gpr[REG_SP] <= WRITER_FRAME &&
            (!last || call->order > last->order)) {
            last = call;
        }
    }
    object = last ? object_of(last->object) : NULL;
    if (object && address >= object->low && address + size > object->high) {
        report("writer", last->object,
               address > object->high ? address : object->high, insn->pc,
               pic32_watch_moment(insn->ahead), "");
    }
}

void overruns_store(const Insn *insn, uint32_t address, uint32_t size)
{
    if (!armed || !overruns_edge[address + size - 1] ||
        store_leaves(insn, address, size)) {
        return;
    }
    if (insn->site) {
        if (insn->site->function->writer) {
            writer_store(insn, address, size);
        }
        site_store(insn, address);
    }
}

/* --- stores that index an object, by the code */

void overruns_base_store(const Insn *insn, uint32_t address, uint32_t size)
{
    Base *base = insn->base;
    const Range *object = object_of(base->object);

    if (!armed || !object) {
        return;
    }
    if (address >= object->low && address < object->high) {
        base->inside = true;
    } else if (address < object->low || address - object->high >= BEHIND) {
        base->elsewhere = true;
    } else if (!base->behind && object_at(address)) {
        base->behind = true;
        base->size = size;
        base->overrun = overrun_of("base", base->object, address, insn->pc,
                                   pic32_watch_moment(insn->ahead), "");
    }
}

/*
 * Whether `next` may be what is indexed, from its start less `object`'s size:
 * by an index less a few; by one less an element, for more than a byte; by a
 * digit or letter.
 */
static bool may_be_of_next(const Base *base)
{
    const Range *object = object_of(base->object);
    const Range *next = object_at(base->overrun.address);
    uint32_t size = object->high - object->low;
    uint32_t other = next->high - next->low;

    return size <= SMALL ||
           (base->size > 1 && other >= 2 * size && other % size == 0) ||
           size == '0' || size == 'A' || size == 'a';
}

static int by_time(const void *a, const void *b)
{
    int64_t one = ((const Overrun *)a)->time, other = ((const Overrun *)b)->time;

    return (one > other) - (one < other);
}

static void report_bases(void)
{
    for (size_t i = 0; i < bases.count; i++) {
        const Base *base = (Base *)bases.entries + i;
        const Overrun *overrun = &base->overrun;

        if (base->behind && !base->elsewhere &&
            (base->inside || !may_be_of_next(base)) &&
            !is_known("", overrun->object, overrun->pc)) {
            *(Overrun *)list_add(&found, sizeof(Overrun)) = *overrun;
        }
    }
    qsort(found.entries, found.count, sizeof(Overrun), by_time);
}

/* --- devices */

void overruns_dma(const char *device, uint32_t begin, uint32_t address,
                  uint32_t len)
{
    uint16_t number = begin < ram_size ? owner[begin] : 0;
    const Range *object = object_of(number);

    if (!armed || !object || address + len <= object->high ||
        (number & IS_PADDING)) {
        return;
    }
    report("dma", number, address > object->high ? address : object->high, 0,
           pic32_watch_moment(0), device);
}

/* --- translation */

static void on_main(unsigned vcpu, void *opaque)
{
    (void)vcpu;
    (void)opaque;
    armed = objects.count;
}

static Function *find_function(uint32_t pc)
{
    Function *all = functions.entries;
    size_t low = 0, high = functions.count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (pc < all[middle].range.low) {
            high = middle;
        } else if (pc >= all[middle].range.high) {
            low = middle + 1;
        } else {
            return &all[middle];
        }
    }
    return NULL;
}

static int by_pc(const void *pc, const void *base)
{
    uint32_t one = *(const uint32_t *)pc, other = ((const Base *)base)->pc;

    return (one > other) - (one < other);
}

void overruns_translate(struct qemu_plugin_insn *insn, Insn *about)
{
    uint32_t pc = about->pc & PHYSICAL;
    Function *function;

    if (!objects.count) {
        return;
    }
    if (pc == armed_by) {
        qemu_plugin_register_vcpu_insn_exec_cb(
            insn, on_main, QEMU_PLUGIN_CB_NO_REGS, NULL);
    }
    about->base = bsearch(&pc, bases.entries, bases.count, sizeof(Base), by_pc);
    function = find_function(pc);
    if (!function) {
        return;
    }
    about->site = table_find(&sites, about->pc, 0, sizeof(Site));
    about->site->function = function;
    if (pc == function->range.low) {
        qemu_plugin_register_vcpu_insn_exec_inline(
            insn, QEMU_PLUGIN_INLINE_ADD_U64, &function->entered, 1);
        if (function->writer) {
            qemu_plugin_register_vcpu_insn_exec_cb(
                insn, on_writer, QEMU_PLUGIN_CB_R_REGS, about);
        }
    }
}

void overruns_write(FILE *out)
{
    report_bases();
    write_section(out, "overruns", found.entries, found.count,
                  sizeof(Overrun));
}
