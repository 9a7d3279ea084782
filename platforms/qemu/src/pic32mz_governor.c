/*
 * The governor: keeps virtual time from leading wall time
 *
 * While it paces it looks at both clocks every millisecond of virtual time. If
 * the guest is early, the core is held until wall time has caught up. If it is
 * late by more than some ticks, for its work is too much for this computer or
 * the computer was busy, the time lost is not made up: a guest that hurried
 * would be early for its peer again.
 *
 * Who waits for the board may let it go on unpaced while no peer on the host
 * is there to be waited for. A peer's first frame ends that before the guest
 * can see it.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/module.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "pic32mz_governor.h"

#define TICK_NS         SCALE_MS
#define LAG_MAX_NS      (20 * SCALE_MS)
#define LEAD_MAX_NS     NANOSECONDS_PER_SECOND

static int64_t governor_virtual(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

static int64_t governor_wall(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_REALTIME);
}

unsigned pic32_governor_peers(PIC32Governor *s)
{
    return s->unplugged ? 0 : pic32_peers_count(&s->peers, governor_virtual());
}

/* Whether somebody is there whom virtual time must not run away from. */
static bool governor_heard(PIC32Governor *s)
{
    return pic32_governor_peers(s) ||
           (!s->unplugged && governor_virtual() < s->answered);
}

/* Virtual time passed while it was paced. */
static void governor_count(PIC32Governor *s, int64_t now)
{
    if (!s->fresh) {
        s->paced_ns += MAX(now - s->last, 0);
    }
    s->last = now;
}

static void governor_update(PIC32Governor *s)
{
    bool pacing = s->paced && (!s->awaited || governor_heard(s));

    if (pacing == s->pacing) {
        return;
    }
    s->pacing = pacing;
    if (pacing) {
        /*
         * The main loop does not know how far a running core has come: the
         * clocks are compared from the tick on that comes at its next stop.
         */
        s->fresh = true;
        timer_mod(s->tick, governor_virtual());
    } else {
        governor_count(s, governor_virtual());
        timer_del(s->tick);
        m5150_hold_until(s->cpu, 0);
    }
}

static void governor_tick(void *opaque)
{
    PIC32Governor *s = opaque;
    int64_t now = governor_virtual();
    int64_t wall = governor_wall();
    int64_t lead = now - wall - s->offset;

    governor_count(s, now);
    if (s->fresh || lead < -LAG_MAX_NS || lead > LEAD_MAX_NS) {
        s->offset = now - wall;         /* late, or a clock was set */
        s->fresh = false;
    } else if (lead > 0) {
        m5150_hold_until(s->cpu, wall + lead);
    }
    timer_mod(s->tick, now + TICK_NS);
    governor_update(s);                 /* a peer may have fallen silent */
}

void pic32_governor_set_paced(PIC32Governor *s, bool paced)
{
    s->paced = paced;
    governor_update(s);
}

void pic32_governor_set_awaited(PIC32Governor *s, bool awaited)
{
    s->awaited = awaited;
    governor_update(s);
}

void pic32_governor_reset(PIC32Governor *s)
{
    pic32_peers_clear(&s->peers);
    s->answered = 0;
    governor_update(s);
}

static void governor_frame(void *opaque, const uint8_t *frame, size_t len,
                           bool to_board)
{
    PIC32Governor *s = opaque;

    pic32_peers_frame(&s->peers, frame, len, to_board, governor_virtual());
    if (s->answer_time_ms) {
        s->answered = governor_virtual() +
                      (int64_t)s->answer_time_ms * SCALE_MS;
    }
    governor_update(s);
}

static void governor_plugged(void *opaque, bool in)
{
    PIC32Governor *s = opaque;

    s->unplugged = !in;
    governor_update(s);
}

static void governor_init(Object *obj)
{
    PIC32Governor *s = PIC32_GOVERNOR(obj);

    s->tick = timer_new_ns(QEMU_CLOCK_VIRTUAL, governor_tick, s);
}

static void governor_realize(DeviceState *dev, Error **errp)
{
    PIC32Governor *s = PIC32_GOVERNOR(dev);
    PIC32CableWatch watch = {
        .frame = governor_frame,
        .plugged = governor_plugged,
        .opaque = s,
    };

    if (!s->cpu || !s->eth) {
        error_setg(errp, "%s: links 'cpu' and 'eth' are not set",
                   TYPE_PIC32_GOVERNOR);
        return;
    }
    pic32_eth_watch(s->eth, &watch);
}

/* Connections to the host do not survive a load, and wall time is its own. */
static int governor_post_load(void *opaque, int version_id)
{
    PIC32Governor *s = opaque;

    pic32_peers_clear(&s->peers);
    s->answered = 0;
    s->unplugged = pic32_eth_net_client(s->eth)->link_down;
    s->pacing = false;
    timer_del(s->tick);
    governor_update(s);
    return 0;
}

static const VMStateDescription vmstate_governor = {
    .name = TYPE_PIC32_GOVERNOR,
    .version_id = 2,
    .minimum_version_id = 2,
    .post_load = governor_post_load,
    .fields = (VMStateField[]) {
        VMSTATE_END_OF_LIST()
    }
};

static Property governor_properties[] = {
    DEFINE_PROP_LINK("cpu", PIC32Governor, cpu, TYPE_M5150_CPU, M5150CPU *),
    DEFINE_PROP_LINK("eth", PIC32Governor, eth, TYPE_PIC32_ETH, PIC32Eth *),
    DEFINE_PROP_UINT32("answer-time", PIC32Governor, answer_time_ms, 0),
    DEFINE_PROP_END_OF_LIST(),
};

static void governor_class_init(ObjectClass *oc, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(oc);

    dc->realize = governor_realize;
    dc->vmsd = &vmstate_governor;
    device_class_set_props(dc, governor_properties);
}

static const TypeInfo governor_types[] = {
    {
        .name = TYPE_PIC32_GOVERNOR,
        .parent = TYPE_DEVICE,
        .instance_size = sizeof(PIC32Governor),
        .instance_init = governor_init,
        .class_init = governor_class_init,
    },
};

DEFINE_TYPES(governor_types)
