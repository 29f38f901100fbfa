/* crew.h - trainers whose steps run together. */
#ifndef ANNC_TRAINING_STEP_CREW_H
#define ANNC_TRAINING_STEP_CREW_H

#include "base/status.h"
#include "training/step/trainer.h"

/* Trainers whose steps run together, by an engine that takes several jobs: of one device, one shape
 * and equal steps, at the same step of an epoch. Each has the bits that it has alone. A trainer
 * alone is a crew of its own engine. */
struct annc_crew {
    annc_trainer *const *trainers; /* the caller's */
    uint32_t count;
    void *engine_state;
};

/* What came of one trainer's epoch. */
struct annc_epoch_result {
    annc_status status; /* ANNC_DIVERGED of this trainer alone */
    annc_epoch report;
    struct annc_kept_error error; /* unless status is ANNC_OK */
};

/* Returns whether two trainers may be of one crew. */
bool annc_crew_accepts(const annc_trainer *first, const annc_trainer *other);
annc_status annc_crew_open(annc_trainer *const *trainers, uint32_t count, struct annc_crew *crew);
void annc_crew_close(struct annc_crew *crew);
/* As annc_trainer_epoch, for a crew: the status is of all, results[i] of trainer i. */
annc_status annc_crew_epoch(const struct annc_crew *crew, bool (*stop)(void *context), void *context,
                            struct annc_epoch_result *results);

#endif
