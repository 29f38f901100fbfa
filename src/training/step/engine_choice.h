/* engine_choice.h - selects the engine of a job. */
#ifndef ANNC_TRAINING_STEP_ENGINE_CHOICE_H
#define ANNC_TRAINING_STEP_ENGINE_CHOICE_H

#include "backend/engine.h"

/* Returns the best engine of a device that accepts a job and is the wanted one (any for
 * ANNC_ENGINE_AUTO), or NULL for the operations, with the last engine's refusal as the reason. */
const struct annc_engine_ops *annc_engine_find(const annc_device *device, const struct annc_job *job,
                                               annc_engine wanted, const char **refusal);

/* Returns the engine that trains `count` jobs like this one soonest, one after another or together;
 * ANNC_ENGINE_AUTO if together is no faster. */
annc_engine annc_engine_for_many(const annc_device *device, const struct annc_job *job, uint32_t count);

/* Returns how many of `count` such jobs a device trains at the same time to be done soonest. */
uint32_t annc_device_at_once(const annc_device *device, const struct annc_job *job, uint32_t count);

/* As annc_device_open_for, for the device that trains `count` such networks soonest. */
annc_status annc_device_open_for_many(const annc_device_options *options, const annc_shape *shape,
                                      const annc_training_options *training, const annc_dataset *train, uint32_t epochs,
                                      uint32_t count, annc_device **device);

/* Returns whether the products of a device can have another precision than fp32. */
bool annc_device_has_tensor_cores(const annc_device *device);
/* Returns whether a device has an engine of a kind; every device has the operations. */
bool annc_engine_exists(const annc_device *device, annc_engine kind);

#endif
