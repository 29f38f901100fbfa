/* schedule.c - learning rate schedules. */
#include "training/step/schedule.h"
#include "base/status.h"

#include <math.h>

static const double PI = 3.14159265358979323846;

/* One-cycle: the share of the steps with a rising rate, and the first and last rates divided by
 * eta. */
static const double RISE = 0.3, FIRST_RATE = 1.0 / 25, LAST_RATE = 1.0 / 250000;

/* The default factor and period of each kind. */
static const struct {
    double factor;
    uint32_t period;
} OWN[ANNC_SCHEDULE_COUNT] = {
    [ANNC_STEP_DECAY] = {0.1, 10}, [ANNC_EXPONENTIAL] = {0.95, 1}, [ANNC_PLATEAU] = {0.1, 10}};

double annc_schedule_factor(const annc_schedule *schedule)
{
    return schedule->factor > 0 ? schedule->factor : OWN[schedule->kind].factor;
}

uint32_t annc_schedule_period(const annc_schedule *schedule)
{
    return schedule->period > 0 ? schedule->period : OWN[schedule->kind].period;
}

const char *annc_schedule_name(annc_schedule_kind kind)
{
    static const char *const names[ANNC_SCHEDULE_COUNT] = {
        [ANNC_CONSTANT] = "constant", [ANNC_STEP_DECAY] = "step",     [ANNC_EXPONENTIAL] = "exponential",
        [ANNC_COSINE] = "cosine",     [ANNC_ONE_CYCLE] = "one-cycle", [ANNC_PLATEAU] = "plateau"};
    return (unsigned)kind < ANNC_SCHEDULE_COUNT ? names[kind] : NULL;
}

/* Interpolates from `from` to `to` along half a cosine, x from 0 to 1. */
static double anneal(double from, double to, double x)
{
    return to + (from - to) * (1 + cos(PI * x)) / 2;
}

static double one_cycle(double t, double T)
{
    const double peak = fmax(RISE * T - 1, 1), last = fmax(T - 1, peak + 1);
    return t <= peak ? anneal(FIRST_RATE, 1, t / peak) : anneal(1, LAST_RATE, (t - peak) / (last - peak));
}

double annc_schedule_rate(const annc_schedule *schedule, double eta, uint32_t epoch, uint32_t step, uint32_t steps)
{
    if (!schedule || !annc_schedule_name(schedule->kind))
        return NAN;
    const double T = (double)schedule->epochs * steps, warm = schedule->warmup * steps;
    double t = (double)epoch * steps + step;
    const bool ends = schedule->kind == ANNC_COSINE || schedule->kind == ANNC_ONE_CYCLE;
    if (ends && t > T - 1) /* past the end the last rate holds */
        t = T - 1;
    const double rise = t < warm ? (t + 1) / warm : 1;
    switch (schedule->kind) {
    case ANNC_STEP_DECAY:
        return rise * eta * pow(annc_schedule_factor(schedule), epoch / annc_schedule_period(schedule));
    case ANNC_EXPONENTIAL:
        return rise * eta * pow(annc_schedule_factor(schedule), epoch);
    case ANNC_COSINE:
        return rise * eta * anneal(1, 0, t / T);
    case ANNC_ONE_CYCLE:
        return rise * eta * one_cycle(t, T);
    default:
        return rise * eta;
    }
}
