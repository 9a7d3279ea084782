/*
 * Inputs from outside, each at a virtual time that is fixed before it comes
 *
 * Whatever reaches the board from the host comes through here, and takes effect
 * in a timer of the virtual clock. So a run is a function of the list of these
 * times, and whoever plays the list has the same run.
 *
 * Which time that is. The main loop knows it only roughly while the core runs:
 * there an input first waits for a timer, in the core's thread, at the next
 * stop between two instructions. That stop is the host's doing, and the core
 * may have taken an interrupt there which it would take later without. So the
 * effect comes one nanosecond later: after one more instruction, where every
 * run stops in the same state.
 * Other timers may be due at the same time, and in which order they come is up
 * to when they were set. An input comes after all of them.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/queue.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "hw/core/cpu.h"
#include "hw/qdev-properties.h"
#include "migration/vmstate.h"
#include "sysemu/cpu-timers.h"
#include "sysemu/cpus.h"
#include "sysemu/qtest.h"
#include "sysemu/runstate.h"
#include "pic32mz_inputs.h"

typedef QTAILQ_HEAD(, PIC32Input) InputList;

struct PIC32Inputs {
    DeviceState parent_obj;

    char *record;
    char *play;
    PIC32Recording recording;
    struct {
        PIC32InputTake *take;
        void *opaque;
        size_t waiting;         /* bytes in arrived and due */
    } channels[PIC32_N_INPUTS];

    InputList arrived;          /* their time is not fixed: time: not before */
    QEMUTimer *arrival_timer;
    InputList due;              /* sorted by time, then by order */
    QEMUTimer *due_timer;

    int64_t until;              /* of a run, or -1 */
    int64_t quantum;            /* of the run, or 0 */
    int64_t quantum_end;        /* of its first quantum, virtual ns */
    bool sent;                  /* the board has sent something since the last */
    void (*over)(void *opaque);
    void *over_opaque;
};

static int64_t inputs_now(void)
{
    return qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL);
}

/* --- from the host */

static void inputs_arm(PIC32Inputs *s)
{
    PIC32Input *first = QTAILQ_FIRST(&s->due);
    const PIC32Input *played = pic32_recording_next(&s->recording);
    int64_t time = INT64_MAX;

    if (first) {
        time = MIN(time, first->time);
    }
    if (played) {
        time = MIN(time, played->time);
    }
    if (s->until >= 0) {
        time = MIN(time, s->until);
    }
    if (time == INT64_MAX) {
        timer_del(s->due_timer);
    } else if (timer_expire_time_ns(s->due_timer) != (uint64_t)time) {
        timer_mod_ns(s->due_timer, time);
    }
}

/* Gives what has arrived its time, in its order. The clock is exact. */
static void inputs_fix_times(PIC32Inputs *s)
{
    /* qtest has no core that could be anywhere */
    int64_t earliest = inputs_now() + !qtest_enabled();
    PIC32Input *input, *other;

    while ((input = QTAILQ_FIRST(&s->arrived))) {
        QTAILQ_REMOVE(&s->arrived, input, next);
        input->time = MAX(input->time, earliest);
        QTAILQ_FOREACH_REVERSE(other, &s->due, next) {
            if (other->time <= input->time) {
                break;
            }
        }
        if (other) {
            QTAILQ_INSERT_AFTER(&s->due, other, input, next);
        } else {
            QTAILQ_INSERT_HEAD(&s->due, input, next);
        }
    }
    inputs_arm(s);
}

static void inputs_arrived(void *opaque)
{
    inputs_fix_times(opaque);
}

void pic32_inputs_add(PIC32Inputs *s, PIC32InputChannel channel, int64_t at,
                      const void *data, size_t len)
{
    PIC32Input *input;

    if (pic32_inputs_play(s)) {
        return;
    }
    input = pic32_input_new(at, channel, data, len);
    QTAILQ_INSERT_TAIL(&s->arrived, input, next);
    s->channels[channel].waiting += len;
    if (qemu_in_vcpu_thread() || !runstate_is_running()) {
        inputs_fix_times(s);
    } else if (!timer_pending(s->arrival_timer)) {
        timer_mod_ns(s->arrival_timer, inputs_now());
    }
}

size_t pic32_inputs_waiting(PIC32Inputs *s, PIC32InputChannel channel)
{
    return s->channels[channel].waiting;
}

/* --- to the board */

static void inputs_take(PIC32Inputs *s, const PIC32Input *input)
{
    pic32_recording_input(&s->recording, input);
    if (s->channels[input->channel].take) {
        s->channels[input->channel].take(s->channels[input->channel].opaque,
                                         input);
    }
}

/* Does the next one that is due; false: there is none. */
static bool inputs_take_next(PIC32Inputs *s, int64_t now)
{
    PIC32Input *input = QTAILQ_FIRST(&s->due);
    const PIC32Input *played = pic32_recording_next(&s->recording);

    if (played && played->time <= now) {
        inputs_take(s, played);
        return true;
    }
    if (input && input->time <= now) {
        QTAILQ_REMOVE(&s->due, input, next);
        s->channels[input->channel].waiting -= input->len;
        inputs_take(s, input);
        pic32_input_free(input);
        return true;
    }
    return false;
}

static void inputs_due(void *opaque);

static void inputs_due_after_work(CPUState *cpu, run_on_cpu_data data)
{
    inputs_due(data.host_ptr);
}

/* Puts the next input behind other timers and a reset that are due. */
static bool inputs_wait(PIC32Inputs *s, int64_t now)
{
    if (!icount_enabled()) {
        return false;
    }
    if (qemu_clock_deadline_ns_all(QEMU_CLOCK_VIRTUAL,
                                   QEMU_TIMER_ATTR_ALL) == 0) {
        timer_mod_ns(s->due_timer, now);
        return true;
    }
    if (!cpu_work_list_empty(first_cpu)) {
        timer_del(s->due_timer);
        async_run_on_cpu(first_cpu, inputs_due_after_work,
                         RUN_ON_CPU_HOST_PTR(s));
        return true;
    }
    return false;
}

static void inputs_due(void *opaque)
{
    PIC32Inputs *s = opaque;
    int64_t now = inputs_now();

    timer_del(s->due_timer);
    do {
        if (inputs_wait(s, now)) {
            return;
        }
    } while (inputs_take_next(s, now));
    if (s->until >= 0 && s->until <= now) {
        s->until = -1;
        s->over(s->over_opaque);
    }
    inputs_arm(s);
}

/* --- what others use */

void pic32_inputs_connect(PIC32Inputs *s, PIC32InputChannel channel,
                          PIC32InputTake *take, void *opaque)
{
    s->channels[channel].take = take;
    s->channels[channel].opaque = opaque;
}

bool pic32_inputs_play(PIC32Inputs *s)
{
    return pic32_recording_plays(&s->recording);
}

void pic32_inputs_run_until(PIC32Inputs *s, int64_t until, int64_t quantum,
                            void (*over)(void *opaque), void *opaque)
{
    s->until = until;
    s->quantum = quantum;
    if (quantum) {
        s->quantum_end = (inputs_now() / quantum + 1) * quantum;
        if (s->sent) {
            s->until = MIN(until, s->quantum_end);
        }
    }
    s->over = over;
    s->over_opaque = opaque;
    inputs_arm(s);
}

void pic32_inputs_run_on(PIC32Inputs *s)
{
    s->until = -1;
    s->sent = false;
    inputs_arm(s);
}

void pic32_inputs_lost(PIC32Inputs *s, const char *what)
{
    pic32_recording_lost(&s->recording, inputs_now(), what);
}

void pic32_inputs_output(PIC32Inputs *s, PIC32Output output, int64_t time,
                         const void *data, size_t len)
{
    pic32_recording_output(&s->recording, output, time, data, len);
    if (!s->sent && s->until >= 0 && s->quantum) {
        s->until = MIN(s->until, MAX(QEMU_ALIGN_UP(inputs_now(), s->quantum),
                                     s->quantum_end));
        inputs_arm(s);
    }
    s->sent = true;
}

char *pic32_inputs_sums(PIC32Inputs *s)
{
    return pic32_recording_sums(&s->recording);
}

/* --- the device */

static void inputs_realize(DeviceState *dev, Error **errp)
{
    PIC32Inputs *s = PIC32_INPUTS(dev);

    QTAILQ_INIT(&s->arrived);
    QTAILQ_INIT(&s->due);
    s->until = -1;
    s->arrival_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, inputs_arrived, s);
    s->due_timer = timer_new_ns(QEMU_CLOCK_VIRTUAL, inputs_due, s);
    if (pic32_recording_open(&s->recording, s->record, s->play, errp)) {
        inputs_arm(s);
    }
}

static void inputs_clear(InputList *list)
{
    PIC32Input *input;

    while ((input = QTAILQ_FIRST(list))) {
        QTAILQ_REMOVE(list, input, next);
        pic32_input_free(input);
    }
}

static void inputs_unrealize(DeviceState *dev)
{
    PIC32Inputs *s = PIC32_INPUTS(dev);

    inputs_clear(&s->arrived);
    inputs_clear(&s->due);
    timer_free(s->arrival_timer);
    timer_free(s->due_timer);
    pic32_recording_close(&s->recording);
}

static int inputs_pre_save(void *opaque)
{
    inputs_fix_times(opaque);       /* the machine stands still */
    return 0;
}

static int inputs_pre_load(void *opaque)
{
    PIC32Inputs *s = opaque;
    unsigned i;

    inputs_clear(&s->arrived);
    inputs_clear(&s->due);
    for (i = 0; i < PIC32_N_INPUTS; i++) {
        s->channels[i].waiting = 0;
    }
    timer_del(s->arrival_timer);
    s->until = -1;                  /* of a run before the load */
    return 0;
}

static int inputs_post_load(void *opaque, int version_id)
{
    PIC32Inputs *s = opaque;
    PIC32Input *input;

    QTAILQ_FOREACH(input, &s->due, next) {
        if (input->channel >= PIC32_N_INPUTS) {
            return -EINVAL;
        }
        s->channels[input->channel].waiting += input->len;
    }
    inputs_arm(s);
    return 0;
}

static const VMStateDescription vmstate_inputs = {
    .name = TYPE_PIC32_INPUTS,
    .version_id = 1,
    .minimum_version_id = 1,
    .pre_save = inputs_pre_save,
    .pre_load = inputs_pre_load,
    .post_load = inputs_post_load,
    .fields = (VMStateField[]) {
        VMSTATE_STRUCT(recording, PIC32Inputs, 0, vmstate_pic32_recording,
                       PIC32Recording),
        VMSTATE_QTAILQ_V(due, PIC32Inputs, 1, vmstate_pic32_input, PIC32Input,
                         next),
        VMSTATE_END_OF_LIST()
    }
};

static Property inputs_properties[] = {
    DEFINE_PROP_STRING("record", PIC32Inputs, record),
    DEFINE_PROP_STRING("play", PIC32Inputs, play),
    DEFINE_PROP_END_OF_LIST(),
};

static void inputs_class_init(ObjectClass *klass, void *data)
{
    DeviceClass *dc = DEVICE_CLASS(klass);

    dc->desc = "Inputs from outside at exact virtual times";
    dc->realize = inputs_realize;
    dc->unrealize = inputs_unrealize;
    dc->vmsd = &vmstate_inputs;
    dc->user_creatable = false;
    device_class_set_props(dc, inputs_properties);
    set_bit(DEVICE_CATEGORY_MISC, dc->categories);
}

static const TypeInfo inputs_types[] = {
    {
        .name = TYPE_PIC32_INPUTS,
        .parent = TYPE_DEVICE,
        .instance_size = sizeof(PIC32Inputs),
        .class_init = inputs_class_init,
    },
};

DEFINE_TYPES(inputs_types)
