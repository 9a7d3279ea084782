/*
 * The governor: keeps virtual time from leading wall time
 *
 * Looks at both clocks every millisecond of virtual time. If the guest is
 * early, the core is held until wall time has caught up. If it is late by more
 * than some ticks, for its work is too much for this computer or the computer
 * was busy, the time lost is not made up: a guest that hurried would be early
 * for its peer again.
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

static void governor_tick(void *opaque)
{
    PIC32Governor *s = opaque;
    int64_t now = governor_virtual();
    int64_t wall = governor_wall();
    int64_t lead = now - wall - s->offset;

    if (lead < -LAG_MAX_NS || lead > LEAD_MAX_NS) {
        s->offset = now - wall;         /* late, or a clock was set */
    } else if (lead > 0) {
        m5150_hold_until(s->cpu, wall + lead);
    }
    timer_mod(s->tick, now + TICK_NS);
}

void pic32_governor_set_paced(PIC32Governor *s, bool paced)
{
    if (paced == s->paced) {
        return;
    }
    s->paced = paced;
    if (paced) {
        s->offset = governor_virtual() - governor_wall();
        timer_mod(s->tick, governor_virtual() + TICK_NS);
    } else {
        timer_del(s->tick);
    }
}

static void governor_init(Object *obj)
{
    PIC32Governor *s = PIC32_GOVERNOR(obj);

    s->tick = timer_new_ns(QEMU_CLOCK_VIRTUAL, governor_tick, s);
}

static void governor_realize(DeviceState *dev, Error **errp)
{
    if (!PIC32_GOVERNOR(dev)->cpu) {
        error_setg(errp, "%s: link 'cpu' is not set", TYPE_PIC32_GOVERNOR);
    }
}

static const VMStateDescription vmstate_governor = {
    .name = TYPE_PIC32_GOVERNOR,
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_BOOL(paced, PIC32Governor),
        VMSTATE_TIMER_PTR(tick, PIC32Governor),
        VMSTATE_END_OF_LIST()
    }
};

static Property governor_properties[] = {
    DEFINE_PROP_LINK("cpu", PIC32Governor, cpu, TYPE_M5150_CPU, M5150CPU *),
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
