/* counting_device.h - a device that a test adds to the registry: the CPU's operations, counted, and
 * an engine of its own. */
#ifndef ANNC_TESTS_SUPPORT_COUNTING_DEVICE_H
#define ANNC_TESTS_SUPPORT_COUNTING_DEVICE_H

#include "backend/engine.h"

const struct annc_backend *counting_load(char *why, size_t size);
double counting_least_seconds(const struct annc_job *job);

#define ANNC_TEST_DEVICE_ROW                                                                                           \
    {                                                                                                                  \
        ANNC_DEVICE_COUNT, "counting", counting_load, counting_least_seconds                                           \
    }

#endif
