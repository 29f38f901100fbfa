/* job_table.h - the jobs of an engine that trains several networks in one launch, described to the
 * device one after another. */
#ifndef ANNC_BACKEND_CUDA_JOB_TABLE_H
#define ANNC_BACKEND_CUDA_JOB_TABLE_H

#include "backend/engine.h"

struct annc_job_table {
    annc_device *device;
    uint32_t count;
    struct annc_job **jobs;
    size_t size; /* of a description */
    void *host, *on_device;
};

#ifdef __cplusplus
extern "C" {
#endif

/* Takes memory for descriptions of `size` bytes. Close the table after a failure, too. */
annc_status annc_job_table_open(annc_device *device, struct annc_job *const *jobs, uint32_t count, size_t size,
                                struct annc_job_table *table);
/* Describes the jobs as they are now to the device: describe(context, i, to) fills that of job i. */
annc_status annc_job_table_send(struct annc_job_table *table,
                                void (*describe)(const void *context, uint32_t i, void *to), const void *context);
void annc_job_table_close(struct annc_job_table *table);

#ifdef __cplusplus
}
#endif

#endif
