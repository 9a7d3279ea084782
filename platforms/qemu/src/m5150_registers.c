/*
 * M5150: the core's registers as JSON, for a report of what it was doing
 *
 * All register sets, not only the current one: a handler finds the stack of
 * what it interrupted in the previous set.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/timer.h"
#include "qapi/qmp/qdict.h"
#include "qapi/qmp/qjson.h"
#include "qapi/qmp/qlist.h"
#include "sysemu/cpu-timers.h"
#include "internal.h"
#include "m5150.h"
#include "m5150_registers.h"

static const char *const cp0_names[M5150_CP0_COUNT] = {
    [M5150_BADVADDR] = "BadVAddr",
    [M5150_COUNT] = "Count",
    [M5150_COMPARE] = "Compare",
    [M5150_STATUS] = "Status",
    [M5150_INTCTL] = "IntCtl",
    [M5150_SRSCTL] = "SRSCtl",
    [M5150_CAUSE] = "Cause",
    [M5150_EPC] = "EPC",
    [M5150_EBASE] = "EBase",
    [M5150_CONFIG3] = "Config3",
    [M5150_ERROREPC] = "ErrorEPC",
};

/* As cpu_mips_get_count(), which reads the clock and may let a timer expire. */
static uint32_t count_at(M5150CPU *cpu, int64_t time)
{
    CPUMIPSState *env = &cpu->parent_obj.env;

    if (cpu->stopped) {
        return cpu->stopped_count;
    }
    if (env->CP0_Cause & (1 << CP0Ca_DC)) {
        return env->CP0_Count;
    }
    return env->CP0_Count + (uint32_t)(time / env->cp0_count_ns);
}

void m5150_take_core(M5150CPU *cpu, M5150Core *core, int64_t time)
{
    CPUMIPSState *env = &cpu->parent_obj.env;
    unsigned css = extract32(env->CP0_SRSCtl, CP0SRSCtl_CSS, 4), i;

    core->time = time;
    core->micromips = env->hflags & MIPS_HFLAG_M16;
    core->waits = CPU(cpu)->halted;
    memcpy(core->gpr, cpu->shadow, sizeof(core->gpr));
    memcpy(core->gpr[css], env->active_tc.gpr, sizeof(core->gpr[css]));
    for (i = 0; i < MIPS_DSP_ACC; i++) {
        core->hi[i] = env->active_tc.HI[i];
        core->lo[i] = env->active_tc.LO[i];
    }
    for (i = 0; i < 32; i++) {
        core->fpr[i] = env->active_fpu.fpr[i].d;
    }
    core->fcr31 = env->active_fpu.fcr31;
    core->cp0[M5150_BADVADDR] = env->CP0_BadVAddr;
    core->cp0[M5150_COUNT] = count_at(cpu, time);
    core->cp0[M5150_COMPARE] = env->CP0_Compare;
    core->cp0[M5150_STATUS] = env->CP0_Status;
    core->cp0[M5150_INTCTL] = env->CP0_IntCtl;
    core->cp0[M5150_SRSCTL] = env->CP0_SRSCtl;
    core->cp0[M5150_CAUSE] = env->CP0_Cause;
    core->cp0[M5150_EPC] = env->CP0_EPC;
    core->cp0[M5150_EBASE] = env->CP0_EBase;
    core->cp0[M5150_CONFIG3] = env->CP0_Config3;
    core->cp0[M5150_ERROREPC] = env->CP0_ErrorEPC;
}

static QList *list_of_words(const uint32_t *words, unsigned count)
{
    QList *list = qlist_new();
    unsigned i;

    for (i = 0; i < count; i++) {
        qlist_append_int(list, words[i]);
    }
    return list;
}

static QList *register_sets(const M5150Core *core)
{
    QList *sets = qlist_new();
    unsigned set;

    for (set = 0; set < M5150_SHADOW_SETS; set++) {
        qlist_append(sets, list_of_words(core->gpr[set], 32));
    }
    return sets;
}

char *m5150_core_json(const M5150Core *core)
{
    QDict *all = qdict_new(), *cp0 = qdict_new();
    QList *fpr = qlist_new();
    GString *json;
    unsigned i;

    qdict_put_int(all, "virtual-time", core->time);
    qdict_put_int(all, "instructions", core->instructions);
    qdict_put_int(all, "pc", core->pc);
    qdict_put_bool(all, "micromips", core->micromips);
    qdict_put_bool(all, "delay-slot", core->slot);
    qdict_put_bool(all, "waits", core->waits);
    for (i = 0; i < M5150_CP0_COUNT; i++) {
        qdict_put_int(cp0, cp0_names[i], core->cp0[i]);
    }
    qdict_put(all, "cp0", cp0);
    qdict_put(all, "gpr", register_sets(core));
    qdict_put(all, "hi", list_of_words(core->hi, MIPS_DSP_ACC));
    qdict_put(all, "lo", list_of_words(core->lo, MIPS_DSP_ACC));
    for (i = 0; i < 32; i++) {
        qlist_append_int(fpr, core->fpr[i]);
    }
    qdict_put(all, "fpr", fpr);
    qdict_put_int(all, "fcr31", core->fcr31);
    json = qobject_to_json(QOBJECT(all));
    qobject_unref(all);
    return g_string_free(json, false);
}

char *m5150_registers(M5150CPU *cpu)
{
    CPUMIPSState *env = &cpu->parent_obj.env;
    M5150Core core;

    m5150_take_core(cpu, &core, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL));
    core.instructions = icount_enabled() ? icount_get_raw() : 0;
    core.pc = exception_resume_pc(env) & ~1;
    core.slot = env->hflags & MIPS_HFLAG_BMASK;
    return m5150_core_json(&core);
}
