/* counting_device.h - a device that a test adds to the registry: the CPU's operations, counted, and
 * an engine of its own. */
#ifndef ANNC_TESTS_SUPPORT_COUNTING_DEVICE_H
#define ANNC_TESTS_SUPPORT_COUNTING_DEVICE_H

#include "backend/engine.h"

const struct annc_backend *counting_load(char *why, size_t size);
double counting_least_seconds(const struct annc_job *job);

/* Its start and a step, far above and below what the CPU takes for a small step. */
#define COUNTING_START 1e-3
#define COUNTING_STEP  1e-9

#define ANNC_TEST_DEVICE_ROW                                                                                           \
    {                                                                                                                  \
        ANNC_DEVICE_COUNT, "counting", counting_load, counting_least_seconds, COUNTING_START                           \
    }

#endif
