/* engine_choice.h - selects the engine of a job. */
#ifndef ANNC_TRAINING_STEP_ENGINE_CHOICE_H
#define ANNC_TRAINING_STEP_ENGINE_CHOICE_H

#include "backend/engine.h"

/* Returns the best engine of a device that accepts a job and is the wanted one (any for
 * ANNC_ENGINE_AUTO), or NULL for the operations, with the last engine's refusal as the reason. */
const struct annc_engine_ops *annc_engine_find(const annc_device *device, const struct annc_job *job,
                                               annc_engine wanted, const char **refusal);

/* Returns whether a device has an engine of a kind; every device has the operations. */
bool annc_engine_exists(const annc_device *device, annc_engine kind);

#endif
