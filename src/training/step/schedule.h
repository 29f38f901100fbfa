/* schedule.h - learning rate schedules. */
#ifndef ANNC_TRAINING_STEP_SCHEDULE_H
#define ANNC_TRAINING_STEP_SCHEDULE_H

#include "annc.h"

/* Return a schedule's factor and period, or the defaults of its kind. */
double annc_schedule_factor(const annc_schedule *schedule);
uint32_t annc_schedule_period(const annc_schedule *schedule);

#endif
