/* rank_checks.h - what the ranks of a run must agree in. All functions are collective, and do
 * nothing in a run without a group. */
#ifndef ANNC_TRAINING_RUN_RANK_CHECKS_H
#define ANNC_TRAINING_RUN_RANK_CHECKS_H

#include "annc.h"

/* Compares versions, devices, data, options and checkpoints before a run begins. ANNC_INPUT names
 * the difference. */
annc_status annc_ranks_check(annc_device *device, const annc_network *network, const annc_dataset *train,
                             const annc_run_options *options);
/* The same for the candidates of a sweep, whose networks train one by one; `train` is the training
 * set of the first. */
annc_status annc_ranks_check_sweep(annc_group *group, const annc_device *device, const annc_candidate *candidates,
                                   uint32_t count, const annc_dataset *train);
/* Compares the parameters after an epoch. ANNC_DEVICE if they differ. */
annc_status annc_ranks_check_parameters(annc_group *group, const annc_trainer *trainer, uint32_t epoch);

/* Sets *any to whether `flag` is true on any rank. */
annc_status annc_ranks_any(const annc_group *group, bool flag, bool *any);

#endif
