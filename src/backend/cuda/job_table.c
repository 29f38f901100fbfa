/* job_table.c - the jobs of an engine that trains several networks in one launch. */
#include "backend/cuda/job_table.h"
#include "base/status.h"

#include <stdlib.h>
#include <string.h>

annc_status annc_job_table_open(annc_device *device, struct annc_job *const *jobs, uint32_t count, size_t size,
                                struct annc_job_table *table)
{
    annc_status status = ANNC_OK;
    memset(table, 0, sizeof *table);
    table->device = device;
    table->count = count;
    table->size = size;
    table->host = calloc(count, size);
    table->jobs = (struct annc_job **)calloc(count, sizeof *table->jobs);
    if (!table->host || !table->jobs)
        return device->host->fail(ANNC_MEMORY, "out of memory: an engine needs %zu bytes", count * size);
    memcpy(table->jobs, jobs, count * sizeof *table->jobs);
    ANNC_TRY(device->backend->alloc(device, count * size, "the networks", &table->on_device));
out:
    return status;
}

annc_status annc_job_table_send(struct annc_job_table *table,
                                void (*describe)(const void *context, uint32_t i, void *to), const void *context)
{
    for (uint32_t i = 0; i < table->count; i++)
        describe(context, i, (char *)table->host + i * table->size);
    return table->device->backend->upload(table->device, table->on_device, table->host, table->count * table->size);
}

void annc_job_table_close(struct annc_job_table *table)
{
    if (table->on_device)
        table->device->backend->free(table->device, table->on_device);
    free(table->host);
    free(table->jobs);
}
