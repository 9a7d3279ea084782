/*
 * M5150: the MIPS32 core of the PIC32MZ EF
 *
 * Models, over QEMU's MIPS32 release 5 translation (PIC32 Family Reference
 * Manual, section 50, DS60001192): external interrupt controller mode with a
 * vector offset and a shadow register set supplied by the controller, RIPL
 * latched when the interrupt is accepted, eight general purpose register
 * sets, core timer, TLB of 16 entries, DSP ASE r2, 64-bit FPU, microMIPS.
 *
 * Count's period is a whole number of ns: exact at 200 MHz, within 1 % at any
 * other SYSCLK.
 *
 * Left out: caches (coherent here), watch and trace, performance counters,
 * interrupt chaining and the IAE prologue of the MCU ASE, the machine check
 * of two TLB entries that match; Random steps when it is used, not by itself.
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */

#include "qemu/osdep.h"
#include "qemu/main-loop.h"
#include "qemu/timer.h"
#include "qapi/error.h"
#include "migration/vmstate.h"
#include "hw/irq.h"
#include "hw/mips/cpudevs.h"
#include "hw/core/tcg-cpu-ops.h"
#include "exec/exec-all.h"
#include "exec/helper-proto.h"
#include "sysemu/cpus.h"
#include "sysemu/cpu-timers.h"
#include "internal.h"
#include "m5150.h"
#include "pic32mz_watch.h"

#define CPU_INTERRUPT_PIC32_NMI CPU_INTERRUPT_TGT_EXT_0

/* Status.IPL in EIC mode; upstream compares all of IM7..IM0 (0xFF00). */
#define STATUS_IPL_SHIFT    10
#define STATUS_IPL_MASK     0x3f

#define SRS_FIELD(srsctl, field) (((srsctl) >> CP0SRSCtl_##field) & 0xf)

#define COUNT_WRAP (1ULL << 32)

static const struct mips_def_t m5150_def = {
    .name = "M5150",
    .CP0_PRid = 0x0001a728,
    .CP0_Config0 = (1U << CP0C0_M) | (2 << CP0C0_K23) | (2 << CP0C0_KU) |
                   (1 << CP0C0_AR) | (MMU_TYPE_R4000 << CP0C0_MT) |
                   (2 << CP0C0_K0),
    /* 16 TLB entries; 16 KiB I-cache and 4 KiB D-cache, 4-way, 16-byte lines */
    .CP0_Config1 = (1U << CP0C1_M) | (15 << CP0C1_MMU) |
                   (2 << CP0C1_IS) | (3 << CP0C1_IL) | (3 << CP0C1_IA) |
                   (0 << CP0C1_DS) | (3 << CP0C1_DL) | (3 << CP0C1_DA) |
                   (1 << CP0C1_PC) | (1 << CP0C1_EP) | (1 << CP0C1_FP),
    .CP0_Config2 = 1U << CP0C2_M,
    .CP0_Config3 = (1U << CP0C3_M) | (1 << CP0C3_BP) | (1 << CP0C3_BI) |
                   (1 << CP0C3_MCU) | (2 << CP0C3_ISA) | (1 << CP0C3_ULRI) |
                   (1 << CP0C3_RXI) | (1 << CP0C3_DSP2P) | (1 << CP0C3_DSPP) |
                   (1 << CP0C3_VEIC) | (1 << CP0C3_VInt),
    .CP0_Config4 = (1U << CP0C4_M) | (0xc << CP0C4_KScrExist),
    .CP0_Config5 = 1 << CP0C5_NFExists,
    .CP0_Config5_rw_bitmask = 1 << CP0C5_UFR,
    .CP0_Config7 = 1U << 31,            /* WII: WAIT ignores IE */
    .CP0_LLAddr_shift = 4,
    .SYNCI_Step = 16,
    .CCRes = 2,
    .CP0_Status_rw_bitmask = 0x3778ff17,
    .CP0_PageGrain_rw_bitmask = (1U << CP0PG_RIE) | (1 << CP0PG_XIE) |
                                (1 << CP0PG_IEC),
    .CP0_SRSCtl = (M5150_SHADOW_SETS - 1) << CP0SRSCtl_HSS,
    .CP1_fcr0 = (1 << FCR0_UFRP) | (1 << FCR0_HAS2008) | (1 << FCR0_F64) |
                (1 << FCR0_L) | (1 << FCR0_W) | (1 << FCR0_D) |
                (1 << FCR0_S) | (0xa7 << FCR0_PRID) | 0x28,
    .CP1_fcr31 = (1 << FCR31_ABS2008) | (1 << FCR31_NAN2008),
    .CP1_fcr31_rw_bitmask = 0xff83ffff,
    .SEGBITS = 32,
    .PABITS = 32,
    .insn_flags = CPU_MIPS32R5 | ASE_MICROMIPS | ASE_DSP | ASE_DSP_R2,
    .mmu_type = MMU_TYPE_R4000,
};

static M5150CPU *env_m5150(CPUMIPSState *env)
{
    return (M5150CPU *)object_dynamic_cast(OBJECT(env_cpu(env)),
                                           TYPE_M5150_CPU);
}

/* Shadow register sets (FRM 50.13.16, SRSCtl) */

static void m5150_switch_set(M5150CPU *cpu, unsigned from, unsigned to)
{
    CPUMIPSState *env = &cpu->parent_obj.env;

    if (from == to) {
        return;
    }
    memcpy(cpu->shadow[from % M5150_SHADOW_SETS], env->active_tc.gpr,
           sizeof(cpu->shadow[0]));
    memcpy(env->active_tc.gpr, cpu->shadow[to % M5150_SHADOW_SETS],
           sizeof(cpu->shadow[0]));
    env->active_tc.gpr[0] = 0;
}

/* An exception was taken with EXL clear: CSS goes to PSS, set becomes CSS. */
static void m5150_enter_set(M5150CPU *cpu, unsigned set)
{
    CPUMIPSState *env = &cpu->parent_obj.env;
    unsigned css = SRS_FIELD(env->CP0_SRSCtl, CSS);

    env->CP0_SRSCtl = deposit32(env->CP0_SRSCtl, CP0SRSCtl_PSS, 4, css);
    if (!(env->CP0_Status & (1 << CP0St_BEV))) {
        env->CP0_SRSCtl = deposit32(env->CP0_SRSCtl, CP0SRSCtl_CSS, 4, set);
        m5150_switch_set(cpu, css, set);
    }
}

void m5150_leave_set(CPUMIPSState *env)
{
    M5150CPU *cpu = env_m5150(env);
    unsigned css = SRS_FIELD(env->CP0_SRSCtl, CSS);
    unsigned pss = SRS_FIELD(env->CP0_SRSCtl, PSS);

    if (cpu && !(env->CP0_Status & (1 << CP0St_BEV))) {
        env->CP0_SRSCtl = deposit32(env->CP0_SRSCtl, CP0SRSCtl_CSS, 4, pss);
        m5150_switch_set(cpu, css, pss);
    }
}

static uint32_t *m5150_previous_gpr(CPUMIPSState *env, uint32_t reg)
{
    M5150CPU *cpu = env_m5150(env);
    unsigned pss = SRS_FIELD(env->CP0_SRSCtl, PSS);

    if (!cpu || pss == SRS_FIELD(env->CP0_SRSCtl, CSS)) {
        return &env->active_tc.gpr[reg];
    }
    return &cpu->shadow[pss % M5150_SHADOW_SETS][reg];
}

target_ulong helper_rdpgpr(CPUMIPSState *env, uint32_t reg)
{
    return *m5150_previous_gpr(env, reg);
}

void helper_wrpgpr(CPUMIPSState *env, target_ulong value, uint32_t reg)
{
    *m5150_previous_gpr(env, reg) = value;
}

/* Interrupts */

static bool m5150_request_pending(M5150CPU *cpu)
{
    uint32_t status = cpu->parent_obj.env.CP0_Status;

    return cpu->request.ripl >
           ((status >> STATUS_IPL_SHIFT) & STATUS_IPL_MASK);
}

bool m5150_wanted(M5150CPU *cpu)
{
    return cpu->nmi || m5150_request_pending(cpu);
}

static bool m5150_has_work(CPUState *cs)
{
    M5150CPU *cpu = M5150_CPU(cs);

    /*
     * WAIT marks the core halted in the middle of a slice. To the main loop
     * it is at work until the slice's instructions are in the clock: warping
     * before that, from the time when the slice began, would count them twice.
     * Nor is a core that is held idle: that would be a reason to warp.
     */
    if (icount_enabled() && !qemu_cpu_is_self(cs) &&
        (cs->icount_budget || cpu->held)) {
        return true;
    }
    if (cpu->changing && !cs->running) {
        return true;
    }
    /* Config7.WII: a request unblocks WAIT whatever Status.IE says */
    return !cpu->stopped && m5150_wanted(cpu);
}

/* Tells the chip that what has come may end the core's WAIT. */
static void m5150_tell_wanted(M5150CPU *cpu)
{
    bool taken = m5150_wanted(cpu);

    if (cpu->waiting && (taken || cpu->request.ripl)) {
        bool before = m5150_begin_change(cpu);

        cpu->waiting = !taken;
        cpu->power->wanted(cpu->power_opaque, taken);
        m5150_end_change(cpu, before);
    }
}

void m5150_set_request(M5150CPU *cpu, M5150Request request)
{
    cpu->request = request;
    if (request.ripl) {
        cpu_interrupt(CPU(cpu), CPU_INTERRUPT_HARD);
    } else {
        cpu_reset_interrupt(CPU(cpu), CPU_INTERRUPT_HARD);
    }
    m5150_tell_wanted(cpu);
}

void m5150_set_acknowledge(M5150CPU *cpu, void (*fn)(void *), void *opaque)
{
    cpu->acknowledge = fn;
    cpu->acknowledge_opaque = opaque;
}

void m5150_raise_nmi(M5150CPU *cpu)
{
    cpu->nmi = true;
    cpu_interrupt(CPU(cpu), CPU_INTERRUPT_PIC32_NMI);
    m5150_tell_wanted(cpu);
}

/* WAIT, sleep and idle (FRM 50.13, Config7.WII; FRM section 10) */

void m5150_set_power_ops(M5150CPU *cpu, const M5150PowerOps *ops, void *opaque)
{
    cpu->power = ops;
    cpu->power_opaque = opaque;
}

static void m5150_do_wait(CPUState *cs, run_on_cpu_data data)
{
    M5150CPU *cpu = M5150_CPU(cs);

    if (cs->halted && !m5150_wanted(cpu)) {
        bool before = m5150_begin_change(cpu);

        cpu->waiting = true;
        cpu->power->waits(cpu->power_opaque);
        m5150_end_change(cpu, before);
    }
}

void m5150_wait(CPUMIPSState *env)
{
    M5150CPU *cpu = env_m5150(env);

    if (cpu && cpu->power) {
        /* once the clock has all instructions up to this one */
        async_run_on_cpu(CPU(cpu), m5150_do_wait, RUN_ON_CPU_NULL);
    }
}

bool m5150_begin_change(M5150CPU *cpu)
{
    bool before = cpu->changing;

    cpu->changing = true;
    return before;
}

void m5150_end_change(M5150CPU *cpu, bool before)
{
    cpu->changing = before;
}

void m5150_stop(M5150CPU *cpu)
{
    CPUMIPSState *env = &cpu->parent_obj.env;

    if (cpu->stopped) {
        return;
    }
    cpu->stopped_count = cpu_mips_get_count(env);
    timer_del(env->timer);
    cpu->stopped = true;
    cpu->stopped_in_wait = CPU(cpu)->halted;
    if (!cpu->stopped_in_wait) {
        cpu_interrupt(CPU(cpu), CPU_INTERRUPT_HALT);
    }
}

void m5150_go(M5150CPU *cpu)
{
    if (!cpu->stopped) {
        return;
    }
    cpu->stopped = false;
    cpu_mips_store_count(&cpu->parent_obj.env, cpu->stopped_count);
    cpu_reset_interrupt(CPU(cpu), CPU_INTERRUPT_HALT);
    if (!cpu->stopped_in_wait) {
        CPU(cpu)->halted = 0;
    }
    qemu_cpu_kick(CPU(cpu));
}

static void m5150_do_hold(CPUState *cs, run_on_cpu_data data)
{
    M5150CPU *cpu = M5150_CPU(cs);
    int64_t left;

    while (!cs->stop && (left = cpu->held_until -
                         qemu_clock_get_ns(QEMU_CLOCK_REALTIME)) > 0) {
        qemu_mutex_unlock_iothread();
        g_usleep(MIN(left, SCALE_MS) / SCALE_US);
        qemu_mutex_lock_iothread();
    }
    cpu->held = false;
}

void m5150_hold_until(M5150CPU *cpu, int64_t wall_ns)
{
    cpu->held_until = wall_ns;
    if (wall_ns && !cpu->held) {
        cpu->held = true;
        async_run_on_cpu(CPU(cpu), m5150_do_hold, RUN_ON_CPU_NULL);
    }
}

static void m5150_enter_handler_isa(CPUMIPSState *env)
{
    bool micromips = env->CP0_Config3 & (1 << CP0C3_ISA_ON_EXC);

    env->hflags &= ~MIPS_HFLAG_M16;
    env->hflags |= micromips << MIPS_HFLAG_M16_SHIFT;
}

static void m5150_take_interrupt(M5150CPU *cpu)
{
    CPUMIPSState *env = &cpu->parent_obj.env;
    M5150Request request = cpu->request;
    uint32_t base = env->CP0_EBase & ~0xfff;
    uint32_t offset;

    env->CP0_EPC = exception_resume_pc(env);
    env->CP0_Cause = deposit32(env->CP0_Cause, CP0Ca_BD, 1,
                               !!(env->hflags & MIPS_HFLAG_BMASK));
    env->CP0_Cause = deposit32(env->CP0_Cause, CP0Ca_EC, 5, 0);
    env->CP0_Cause = deposit32(env->CP0_Cause, STATUS_IPL_SHIFT, 6,
                               request.ripl);
    env->hflags &= ~(MIPS_HFLAG_BMASK | MIPS_HFLAG_KSU);
    env->hflags |= MIPS_HFLAG_CP0;

    offset = env->CP0_Cause & (1 << CP0Ca_IV) ? 0x200 : 0x180;
    if (env->CP0_Status & (1 << CP0St_BEV)) {
        base = env->exception_base + 0x200;
    } else if (env->CP0_Cause & (1 << CP0Ca_IV)) {
        offset = request.offset;
    }
    env->active_tc.PC = base + offset;
    m5150_enter_set(cpu, env->CP0_Cause & (1 << CP0Ca_IV)
                         ? request.shadow_set
                         : SRS_FIELD(env->CP0_SRSCtl, ESS));
    env->CP0_SRSCtl = deposit32(env->CP0_SRSCtl, CP0SRSCtl_EICSS, 4,
                                request.shadow_set);
    env->CP0_Status |= 1 << CP0St_EXL;
    m5150_enter_handler_isa(env);
    if (cpu->acknowledge) {
        cpu->acknowledge(cpu->acknowledge_opaque);
    }
}

static void m5150_tell_watch(CPUMIPSState *env)
{
    if (pic32_watch_ops) {
        pic32_watch_ops->exception(env->active_tc.PC);
    }
}

static void m5150_do_interrupt(CPUState *cs)
{
    M5150CPU *cpu = M5150_CPU(cs);
    CPUMIPSState *env = &cpu->parent_obj.env;
    bool nested = env->CP0_Status & ((1 << CP0St_EXL) | (1 << CP0St_ERL));

    if (cs->exception_index == EXCP_EXT_INTERRUPT) {
        m5150_take_interrupt(cpu);
        m5150_tell_watch(env);
        cs->exception_index = EXCP_NONE;
        return;
    }
    mips_cpu_do_interrupt(cs);
    if (!nested && (env->CP0_Status & (1 << CP0St_EXL))) {
        m5150_enter_set(cpu, SRS_FIELD(env->CP0_SRSCtl, ESS));
    }
    m5150_tell_watch(env);
}

static bool m5150_exec_interrupt(CPUState *cs, int interrupt_request)
{
    M5150CPU *cpu = M5150_CPU(cs);
    CPUMIPSState *env = &cpu->parent_obj.env;

    if (interrupt_request & CPU_INTERRUPT_PIC32_NMI) {
        cpu_reset_interrupt(cs, CPU_INTERRUPT_PIC32_NMI);
        cpu->nmi = false;
        cs->exception_index = EXCP_NMI;
        env->error_code = 0;
        mips_cpu_do_interrupt(cs);
        m5150_tell_watch(env);
        return true;
    }
    if ((interrupt_request & CPU_INTERRUPT_HARD) &&
        cpu_mips_hw_interrupts_enabled(env) && m5150_request_pending(cpu)) {
        cs->exception_index = EXCP_EXT_INTERRUPT;
        env->error_code = 0;
        m5150_do_interrupt(cs);
        return true;
    }
    return false;
}

/* Core timer (FRM 50.13.9, Count and Compare) */

static void m5150_timer_expired(void *opaque)
{
    CPUMIPSState *env = opaque;

    if (env->CP0_Cause & (1 << CP0Ca_DC)) {
        return;
    }
    env->CP0_Cause |= 1 << CP0Ca_TI;
    qemu_irq_raise(env->irq[(env->CP0_IntCtl >> CP0IntCtl_IPTI) & 7]);
    /* Count meets an untouched Compare again after one turn */
    timer_mod(env->timer, qemu_clock_get_ns(QEMU_CLOCK_VIRTUAL) +
                          COUNT_WRAP * env->cp0_count_ns);
}

void m5150_set_sysclk(M5150CPU *cpu, uint64_t hz)
{
    CPUMIPSState *env = &cpu->parent_obj.env;
    uint32_t count;

    if (!hz) {
        return;
    }
    count = cpu->stopped ? 0 : cpu_mips_get_count(env);
    env->cp0_count_ns = MAX(1, (m5150_def.CCRes * NANOSECONDS_PER_SECOND +
                                hz / 2) / hz);
    if (!cpu->stopped) {
        cpu_mips_store_count(env, count);
    }
}

/* Reset and set-up */

void m5150_set_boot_isa(M5150CPU *cpu, bool micromips)
{
    struct mips_def_t *def = cpu->def;

    def->CP0_Config3 = deposit32(def->CP0_Config3, CP0C3_ISA, 2,
                                 micromips ? 3 : 2);
    def->CP0_Config3 = deposit32(def->CP0_Config3, CP0C3_ISA_ON_EXC, 1,
                                 micromips);
}

static DeviceRealize m5150_parent_realize;
static DeviceReset m5150_parent_reset;

static void m5150_reset(DeviceState *dev)
{
    M5150CPU *cpu = M5150_CPU(dev);
    CPUMIPSState *env = &cpu->parent_obj.env;

    m5150_parent_reset(dev);
    memset(cpu->shadow, 0, sizeof(cpu->shadow));
    cpu->nmi = false;
    cpu->waiting = false;
    cpu->stopped = false;
    cpu->request = (M5150Request) { 0 };
    /* Upstream's reset tests Config3.ISA in a way that is never true */
    if (extract32(env->CP0_Config3, CP0C3_ISA, 2) == 3) {
        env->hflags |= MIPS_HFLAG_M16;
    }
}

static const VMStateDescription vmstate_m5150 = {
    .name = "m5150",
    .version_id = 1,
    .minimum_version_id = 1,
    .fields = (VMStateField[]) {
        VMSTATE_UINT8(request.ripl, M5150CPU),
        VMSTATE_UINT8(request.shadow_set, M5150CPU),
        VMSTATE_UINT32(request.offset, M5150CPU),
        VMSTATE_BOOL(nmi, M5150CPU),
        VMSTATE_BOOL(waiting, M5150CPU),
        VMSTATE_BOOL(stopped, M5150CPU),
        VMSTATE_BOOL(stopped_in_wait, M5150CPU),
        VMSTATE_UINT32(stopped_count, M5150CPU),
        VMSTATE_UINT32_2DARRAY(shadow, M5150CPU, M5150_SHADOW_SETS, 32),
        /* upstream keeps neither a branch under way nor the ISA mode */
        VMSTATE_UINT32(parent_obj.env.hflags, M5150CPU),
        VMSTATE_UINT64(parent_obj.env.cp0_count_ns, M5150CPU),
        VMSTATE_TIMER_PTR(parent_obj.env.timer, M5150CPU),
        VMSTATE_END_OF_LIST()
    }
};

static void m5150_realize(DeviceState *dev, Error **errp)
{
    M5150CPU *cpu = M5150_CPU(dev);
    ERRP_GUARD();

    m5150_parent_realize(dev, errp);
    if (*errp) {
        return;
    }
    /* after the reset in there, which must not start a timer yet */
    cpu->parent_obj.env.timer = timer_new_ns(QEMU_CLOCK_VIRTUAL,
                                             m5150_timer_expired,
                                             &cpu->parent_obj.env);
    vmstate_register(NULL, 0, &vmstate_m5150, cpu);
}

static void m5150_init(Object *obj)
{
    M5150CPU *cpu = M5150_CPU(obj);

    cpu->def = g_memdup2(&m5150_def, sizeof(m5150_def));
    cpu->parent_obj.env.cpu_model = cpu->def;
}

static void m5150_finalize(Object *obj)
{
    g_free(M5150_CPU(obj)->def);
}

static void m5150_class_init(ObjectClass *oc, void *data)
{
    static struct TCGCPUOps m5150_tcg_ops;
    CPUClass *cc = CPU_CLASS(oc);
    DeviceClass *dc = DEVICE_CLASS(oc);

    MIPS_CPU_CLASS(oc)->cpu_def = &m5150_def;
    device_class_set_parent_realize(dc, m5150_realize, &m5150_parent_realize);
    device_class_set_parent_reset(dc, m5150_reset, &m5150_parent_reset);
    cc->has_work = m5150_has_work;
    m5150_tcg_ops = *cc->tcg_ops;
    m5150_tcg_ops.cpu_exec_interrupt = m5150_exec_interrupt;
    m5150_tcg_ops.do_interrupt = m5150_do_interrupt;
    cc->tcg_ops = &m5150_tcg_ops;
}

static const TypeInfo m5150_info = {
    .name = TYPE_M5150_CPU,
    .parent = TYPE_MIPS_CPU,
    .instance_size = sizeof(M5150CPU),
    .instance_init = m5150_init,
    .instance_finalize = m5150_finalize,
    .class_init = m5150_class_init,
};

static void m5150_register_types(void)
{
    type_register_static(&m5150_info);
}

type_init(m5150_register_types)
