/*
 * The path of frames between the board's cable and who is behind it, one way,
 * and its impairments
 *
 * A path does to each frame, in this order: it clamps the TCP window that it
 * carries, loses it, duplicates it, corrupts it (a bit of its IPv4 packet flips
 * and the FCS is made anew, as a broken switch does), flips bits on the cable
 * (the FCS is wrong then), lets the next frame pass it, and delays it. Each has
 * a source of chance of its own, so which frames are lost does not depend on
 * what else is switched on.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#ifndef HW_MIPS_PIC32MZ_PATH_H
#define HW_MIPS_PIC32MZ_PATH_H

#include "qapi/qmp/qdict.h"
#include "qemu/timer.h"
#include "pic32mz_frame.h"

typedef enum PIC32PathChance {
    PIC32_PATH_LOSS,            /* of a frame, as are the others ... */
    PIC32_PATH_DUPLICATION,
    PIC32_PATH_CORRUPTION,
    PIC32_PATH_BIT_ERRORS,      /* ... but this one: of a bit */
    PIC32_PATH_REORDERING,
    PIC32_PATH_N_CHANCES
} PIC32PathChance;

/* sources of chance: one for each of these, and one for jitter */
#define PIC32_PATH_JITTER       PIC32_PATH_N_CHANCES
#define PIC32_PATH_N_RANDOM     (PIC32_PATH_JITTER + 1)

typedef enum PIC32PathDirection {
    PIC32_PATH_TO_BOARD,
    PIC32_PATH_FROM_BOARD,
    PIC32_PATH_N_DIRECTIONS
} PIC32PathDirection;

typedef struct PIC32Impairments {
    uint64_t chances[PIC32_PATH_N_CHANCES]; /* of 2^64; UINT64_MAX: always */
    int64_t delay;              /* ns */
    int64_t jitter;             /* ns that a frame is delayed more, at most */
    uint16_t window;            /* bytes; UINT16_MAX: any */
} PIC32Impairments;

/* What somebody wants of the paths. */
typedef struct PIC32Impair {
    PIC32Impairments impairments;
    bool directions[PIC32_PATH_N_DIRECTIONS];
    bool has_seed;
    uint64_t seed;
} PIC32Impair;

/* Of frames, since power-on. */
typedef struct PIC32PathCounts {
    uint64_t frames;            /* that came in */
    uint64_t chances[PIC32_PATH_N_CHANCES]; /* lost, duplicated, ...; by bit
                                               errors: frames, not bits */
    uint64_t clamped;           /* with a window that was larger */
    uint64_t overflowed;        /* lost as too much was on the way */
} PIC32PathCounts;

typedef struct PIC32Path {
    void (*deliver)(void *opaque, PIC32Frame *frame);
    void *opaque;

    PIC32Impairments impairments;
    uint64_t random[PIC32_PATH_N_RANDOM];
    PIC32FrameQueue held;       /* the next frame passes them; time: goes on */
    PIC32FrameQueue delayed;    /* time: arrives */
    int64_t last;               /* the latest of these times */
    QEMUTimer *timer;
    PIC32PathCounts counts;
} PIC32Path;

/* Frames, FCS included, come out at deliver, which takes them. */
void pic32_path_init(PIC32Path *path,
                     void (*deliver)(void *opaque, PIC32Frame *frame),
                     void *opaque);

/* A frame, FCS included, goes its way; taken. */
void pic32_path_send(PIC32Path *path, PIC32Frame *frame);

/* Reads what the README of the emulator says of "impair". */
bool pic32_impair_parse(PIC32Impair *impair, const QDict *dict, Error **errp);

/*
 * From now on; what is on its way stays on it. Paths are numbered by
 * PIC32PathDirection.
 */
void pic32_paths_impair(PIC32Path paths[], const PIC32Impair *impair);
void pic32_paths_seed(PIC32Path paths[], uint64_t seed);

/* JSON text: the counts of each direction. Caller frees. */
char *pic32_paths_counts(const PIC32Path paths[]);

extern const VMStateDescription vmstate_pic32_path;

#endif
