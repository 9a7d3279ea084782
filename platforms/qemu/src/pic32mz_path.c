/*
 * The path of frames between the board's cable and who is behind it, one way,
 * and its impairments
 *
 * It is no part of the chip, and no reset changes it. All that it does happens
 * at exact virtual times and by chance that is seeded, so it is a function of
 * the frames and of the panel's lines, and the same in a replay.
 *
 * Left out: window scaling (RFC 7323): a clamped window is N times the scale
 * where both ends have agreed on one; and VLANs: windows and packets in tagged
 * frames stay as they are.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include <math.h>
#include "qemu/bswap.h"
#include "qemu/host-utils.h"
#include "qapi/error.h"
#include "qapi/qmp/qjson.h"
#include "qapi/qmp/qnum.h"
#include "qapi/qmp/qstring.h"
#include "net/eth.h"
#include "pic32mz_path.h"

#define DELAY_MAX_NS        (60 * NANOSECONDS_PER_SECOND)
#define HOLD_NS             (50 * SCALE_MS) /* for a frame that passes it */
#define DELAYED_MAX_BYTES   (16 * 1024 * 1024)
#define TCP_WINDOW          14              /* RFC 9293 3.1: offsets */
#define TCP_CHECKSUM        16
#define TCP_HLEN_MIN        20

static const char *const direction_names[] = { "to board", "from board" };

/* --- chance: splitmix64 (Steele, Lea, Flood) */

static uint64_t path_mix(uint64_t value)
{
    value = (value ^ value >> 30) * 0xbf58476d1ce4e5b9;
    value = (value ^ value >> 27) * 0x94d049bb133111eb;
    return value ^ value >> 31;
}

static uint64_t path_random(PIC32Path *path, unsigned source)
{
    path->random[source] += 0x9e3779b97f4a7c15;
    return path_mix(path->random[source]);
}

/* From 0 to limit - 1. */
static uint64_t path_random_below(PIC32Path *path, unsigned source,
                                  uint64_t limit)
{
    uint64_t low, high;

    mulu64(&low, &high, path_random(path, source), limit);
    return high;
}

static bool path_happens(PIC32Path *path, PIC32PathChance what)
{
    uint64_t chance = path->impairments.chances[what];

    return chance && (path_random(path, what) < chance ||
                      chance == UINT64_MAX);
}

void pic32_paths_seed(PIC32Path paths[], uint64_t seed)
{
    unsigned i, j;

    for (i = 0; i < PIC32_PATH_N_DIRECTIONS; i++) {
        for (j = 0; j < PIC32_PATH_N_RANDOM; j++) {
            paths[i].random[j] =
                path_mix(path_mix(seed) + i * PIC32_PATH_N_RANDOM + j);
        }
    }
}

/* --- what is in a frame */

/* The IPv4 packet without the frame's padding; NULL: there is none. */
static uint8_t *path_packet(PIC32Frame *frame, uint32_t *len)
{
    uint32_t payload = frame->len - MIN(frame->len, PIC32_FCS_LEN + ETH_HLEN);
    uint8_t *packet = frame->data + ETH_HLEN;

    if (payload < 20 || lduw_be_p(frame->data + 12) != ETH_P_IP) {
        return NULL;
    }
    *len = lduw_be_p(packet + 2);
    return *len >= 20 && *len <= payload ? packet : NULL;
}

/* The segment that begins in a packet; NULL: there is none. */
static uint8_t *path_segment(uint8_t *packet, uint32_t len)
{
    uint32_t header = (packet[0] & 15) * 4;

    if (packet[9] != IP_PROTO_TCP || (lduw_be_p(packet + 6) & IP_OFFMASK) ||
        header < 20 || len < header + TCP_HLEN_MIN) {
        return NULL;
    }
    return packet + header;
}

/* The FCS of a frame that was whole before it was changed. */
static void path_mend_fcs(PIC32Frame *frame, bool whole)
{
    if (whole) {
        frame->len -= PIC32_FCS_LEN;
        pic32_frame_add_fcs(frame);
    }
}

/* --- impairments, in their order */

static void path_clamp_window(PIC32Path *path, PIC32Frame *frame)
{
    uint16_t limit = path->impairments.window;
    bool whole = pic32_frame_fcs_ok(frame);
    uint8_t *packet, *segment;
    uint32_t len, sum;
    uint16_t window;

    packet = path_packet(frame, &len);
    segment = packet ? path_segment(packet, len) : NULL;
    if (!segment || lduw_be_p(segment + TCP_WINDOW) <= limit) {
        return;
    }
    window = lduw_be_p(segment + TCP_WINDOW);
    /* RFC 1624 eqn. 3: HC' = ~(~HC + ~m + m') */
    sum = (uint16_t)~lduw_be_p(segment + TCP_CHECKSUM);
    sum += (uint16_t)~window + limit;
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    stw_be_p(segment + TCP_CHECKSUM, ~sum);
    stw_be_p(segment + TCP_WINDOW, limit);
    path_mend_fcs(frame, whole);
    path->counts.clamped++;
}

static void path_corrupt(PIC32Path *path, PIC32Frame *frame)
{
    bool whole = pic32_frame_fcs_ok(frame);
    uint8_t *packet;
    uint32_t len;
    uint64_t bit;

    if (!path_happens(path, PIC32_PATH_CORRUPTION)) {
        return;
    }
    packet = path_packet(frame, &len);
    if (!packet) {
        return;         /* nothing in it would notice */
    }
    bit = path_random_below(path, PIC32_PATH_CORRUPTION, len * 8);
    packet[bit / 8] ^= 1 << bit % 8;
    path_mend_fcs(frame, whole);
    path->counts.chances[PIC32_PATH_CORRUPTION]++;
}

static void path_flip_bits(PIC32Path *path, PIC32Frame *frame)
{
    bool any = false;
    uint32_t bit;

    if (!path->impairments.chances[PIC32_PATH_BIT_ERRORS]) {
        return;
    }
    for (bit = 0; bit < frame->len * 8; bit++) {
        if (path_happens(path, PIC32_PATH_BIT_ERRORS)) {
            frame->data[bit / 8] ^= 1 << bit % 8;
            any = true;
        }
    }
    path->counts.chances[PIC32_PATH_BIT_ERRORS] += any;
}

/* --- the way */

static void path_arm(PIC32Path *path)
{
    PIC32Frame *held = pic32_frame_queue_first(&path->held);
    PIC32Frame *delayed = pic32_frame_queue_first(&path->delayed);
    int64_t time = MIN(held ? held->time : INT64_MAX,
                       delayed ? delayed->time : INT64_MAX);

    if (time == INT64_MAX) {
        timer_del(path->timer);
    } else {
        timer_mod_ns(path->timer, time);
    }
}

/* Frames keep their order: one that is early waits for the one before it. */
static void path_delay(PIC32Path *path, PIC32Frame *frame)
{
    const PIC32Impairments *set = &path->impairments;
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    int64_t time = now + set->delay;

    if (set->jitter) {
        time += path_random_below(path, PIC32_PATH_JITTER, set->jitter + 1);
    }
    if (path->delayed.count) {
        time = MAX(time, path->last);
    } else if (time == now) {
        path->deliver(path->opaque, frame);
        return;
    }
    if (path->delayed.bytes + frame->len > DELAYED_MAX_BYTES) {
        path->counts.overflowed++;
        pic32_frame_free(frame);
        return;
    }
    frame->time = path->last = time;
    pic32_frame_queue_push(&path->delayed, frame);
}

static void path_enter(PIC32Path *path, PIC32Frame *frame)
{
    path_corrupt(path, frame);
    path_flip_bits(path, frame);
    if (path_happens(path, PIC32_PATH_REORDERING)) {
        frame->time = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) + HOLD_NS;
        pic32_frame_queue_push(&path->held, frame);
        path->counts.chances[PIC32_PATH_REORDERING]++;
        return;
    }
    path_delay(path, frame);
    while ((frame = pic32_frame_queue_pop(&path->held))) {
        path_delay(path, frame);
    }
}

void pic32_path_send(PIC32Path *path, PIC32Frame *frame)
{
    PIC32Frame *copy = NULL;

    path->counts.frames++;
    if (path->impairments.window != UINT16_MAX) {
        path_clamp_window(path, frame);
    }
    if (path_happens(path, PIC32_PATH_LOSS)) {
        path->counts.chances[PIC32_PATH_LOSS]++;
        pic32_frame_free(frame);
        return;
    }
    if (path_happens(path, PIC32_PATH_DUPLICATION)) {
        path->counts.chances[PIC32_PATH_DUPLICATION]++;
        copy = pic32_frame_new(frame->data, frame->len, 0);
        copy->has_fcs = frame->has_fcs;
    }
    path_enter(path, frame);
    if (copy) {
        path_enter(path, copy);
    }
    path_arm(path);
}

static void path_timer(void *opaque)
{
    PIC32Path *path = opaque;
    int64_t now = qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
    PIC32Frame *frame;

    while ((frame = pic32_frame_queue_first(&path->held)) &&
           frame->time <= now) {
        path_delay(path, pic32_frame_queue_pop(&path->held));
    }
    while ((frame = pic32_frame_queue_first(&path->delayed)) &&
           frame->time <= now) {
        path->deliver(path->opaque, pic32_frame_queue_pop(&path->delayed));
    }
    path_arm(path);
}

void pic32_path_init(PIC32Path *path,
                     void (*deliver)(void *opaque, PIC32Frame *frame),
                     void *opaque)
{
    path->deliver = deliver;
    path->opaque = opaque;
    path->impairments.window = UINT16_MAX;
    pic32_frame_queue_init(&path->held);
    pic32_frame_queue_init(&path->delayed);
    path->timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, path_timer, path);
}

/* --- what the panel says */

static const struct {
    const char *key;
    const char *count;
} chance_names[PIC32_PATH_N_CHANCES] = {
    [PIC32_PATH_LOSS] = { "loss", "lost" },
    [PIC32_PATH_DUPLICATION] = { "duplication", "duplicated" },
    [PIC32_PATH_CORRUPTION] = { "corruption", "corrupted" },
    [PIC32_PATH_BIT_ERRORS] = { "bit-errors", "damaged" },
    [PIC32_PATH_REORDERING] = { "reordering", "reordered" },
};

static bool impair_parse_chance(const QObject *value, uint64_t *chance)
{
    QNum *number = qobject_to(QNum, value);
    double share = number ? qnum_get_double(number) : -1;

    if (!(share >= 0 && share <= 1)) {
        return false;
    }
    *chance = share < 1 ? ldexp(share, 64) : UINT64_MAX;
    return true;
}

static bool impair_parse_int(const QObject *value, int64_t max, int64_t *found)
{
    QNum *number = qobject_to(QNum, value);

    return number && qnum_get_try_int(number, found) && *found >= 0 &&
           *found <= max;
}

static bool impair_parse_direction(PIC32Impair *impair, const QObject *value)
{
    QString *string = qobject_to(QString, value);
    const char *text = string ? qstring_get_str(string) : "";
    bool both = !strcmp(text, "both"), any = both;
    unsigned i;

    for (i = 0; i < PIC32_PATH_N_DIRECTIONS; i++) {
        impair->directions[i] = both || !strcmp(text, direction_names[i]);
        any |= impair->directions[i];
    }
    return any;
}

static void impair_parse_member(PIC32Impair *impair, const char *key,
                                const QObject *value, Error **errp)
{
    PIC32Impairments *set = &impair->impairments;
    int64_t number;
    unsigned i;

    for (i = 0; i < PIC32_PATH_N_CHANCES; i++) {
        if (!strcmp(key, chance_names[i].key)) {
            if (!impair_parse_chance(value, &set->chances[i])) {
                error_setg(errp, "\"%s\" is a share from 0 to 1", key);
            }
            return;
        }
    }
    if (!strcmp(key, "delay") || !strcmp(key, "jitter")) {
        if (!impair_parse_int(value, DELAY_MAX_NS, &number)) {
            error_setg(errp, "\"%s\" is a time in whole nanoseconds up to "
                       "%lld", key, DELAY_MAX_NS);
            return;
        }
        *(key[0] == 'd' ? &set->delay : &set->jitter) = number;
    } else if (!strcmp(key, "window")) {
        if (!impair_parse_int(value, UINT16_MAX, &number)) {
            error_setg(errp, "\"window\" is a number of bytes up to %d",
                       UINT16_MAX);
            return;
        }
        set->window = number;
    } else if (!strcmp(key, "seed")) {
        impair->has_seed = qobject_to(QNum, value) &&
                           qnum_get_try_uint(qobject_to(QNum, value),
                                             &impair->seed);
        if (!impair->has_seed) {
            error_setg(errp, "\"seed\" is a whole number of 64 bits");
        }
    } else if (!strcmp(key, "direction")) {
        if (!impair_parse_direction(impair, value)) {
            error_setg(errp, "\"direction\" is \"both\", \"to board\" or "
                       "\"from board\"");
        }
    } else {
        error_setg(errp, "there is no impairment \"%s\"", key);
    }
}

bool pic32_impair_parse(PIC32Impair *impair, const QDict *dict, Error **errp)
{
    const QDictEntry *entry;
    Error *err = NULL;

    *impair = (PIC32Impair) {
        .impairments.window = UINT16_MAX,
        .directions = { true, true },
    };
    for (entry = qdict_first(dict); entry && !err;
         entry = qdict_next(dict, entry)) {
        impair_parse_member(impair, qdict_entry_key(entry),
                            qdict_entry_value(entry), &err);
    }
    error_propagate(errp, err);
    return !err;
}

void pic32_paths_impair(PIC32Path paths[], const PIC32Impair *impair)
{
    unsigned i;

    for (i = 0; i < PIC32_PATH_N_DIRECTIONS; i++) {
        if (impair->directions[i]) {
            paths[i].impairments = impair->impairments;
        }
    }
    if (impair->has_seed) {
        pic32_paths_seed(paths, impair->seed);
    }
}

char *pic32_paths_counts(const PIC32Path paths[])
{
    QDict *all = qdict_new();
    unsigned i, j;
    GString *json;
    char *text;

    for (i = 0; i < PIC32_PATH_N_DIRECTIONS; i++) {
        const PIC32PathCounts *counts = &paths[i].counts;
        QDict *dict = qdict_new();

        qdict_put_int(dict, "frames", counts->frames);
        for (j = 0; j < PIC32_PATH_N_CHANCES; j++) {
            qdict_put_int(dict, chance_names[j].count, counts->chances[j]);
        }
        qdict_put_int(dict, "clamped", counts->clamped);
        qdict_put_int(dict, "overflowed", counts->overflowed);
        qdict_put_int(dict, "on the way",
                      paths[i].held.count + paths[i].delayed.count);
        qdict_put(all, direction_names[i], dict);
    }
    json = qobject_to_json(QOBJECT(all));
    text = g_string_free(json, false);
    qobject_unref(all);
    return text;
}

/* --- state */

static const VMStateDescription vmstate_pic32_impairments = {
    .name = "pic32mz-impairments",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_UINT64_ARRAY(chances, PIC32Impairments, PIC32_PATH_N_CHANCES),
        VMSTATE_INT64(delay, PIC32Impairments),
        VMSTATE_INT64(jitter, PIC32Impairments),
        VMSTATE_UINT16(window, PIC32Impairments),
        VMSTATE_END_OF_LIST()
    }
};

static const VMStateDescription vmstate_pic32_path_counts = {
    .name = "pic32mz-path-counts",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_UINT64(frames, PIC32PathCounts),
        VMSTATE_UINT64_ARRAY(chances, PIC32PathCounts, PIC32_PATH_N_CHANCES),
        VMSTATE_UINT64(clamped, PIC32PathCounts),
        VMSTATE_UINT64(overflowed, PIC32PathCounts),
        VMSTATE_END_OF_LIST()
    }
};

const VMStateDescription vmstate_pic32_path = {
    .name = "pic32mz-path",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_STRUCT(impairments, PIC32Path, 0, vmstate_pic32_impairments,
                       PIC32Impairments),
        VMSTATE_UINT64_ARRAY(random, PIC32Path, PIC32_PATH_N_RANDOM),
        VMSTATE_PIC32_FRAME_QUEUE(held, PIC32Path),
        VMSTATE_PIC32_FRAME_QUEUE(delayed, PIC32Path),
        VMSTATE_INT64(last, PIC32Path),
        VMSTATE_TIMER_PTR(timer, PIC32Path),
        VMSTATE_STRUCT(counts, PIC32Path, 0, vmstate_pic32_path_counts,
                       PIC32PathCounts),
        VMSTATE_END_OF_LIST()
    }
};
