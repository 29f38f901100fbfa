/* engine_choice.h - which engine runs a job. */
#ifndef ANNC_TRAINING_STEP_ENGINE_CHOICE_H
#define ANNC_TRAINING_STEP_ENGINE_CHOICE_H

#include "backend/engine.h"

/* The best engine of a device that takes a job and is the wanted one, or any with ANNC_ENGINE_AUTO; NULL where the operations run, with
 * the reason: why the last engine asked refuses it. */
const struct annc_engine_ops *annc_engine_find(const annc_device *device, const struct annc_job *job,
                                               annc_engine wanted, const char **refusal);

/* Whether a device has an engine of a kind; the operations it always has. */
bool annc_engine_exists(const annc_device *device, annc_engine kind);

#endif
