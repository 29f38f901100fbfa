/* registry.c - the kinds of devices, and the opening of a device. */
#include "backend/registry.h"
#include "backend/cuda_estimate.h"
#include "backend/module.h"
#include "base/config.h"
#include "base/status.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct annc_host host = {annc_fail};

/* Returns whether an NVIDIA driver with a device is present. Without one the module cannot work,
 * and its libraries would cost 155 MB and 0.1 s. The module reports all other driver faults. */
static bool driver_has_device(char *why, size_t size)
{
    enum { CUDA_ERROR_NO_DEVICE = 100 };
    int (*initialise)(unsigned flags);
    void *driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
    void *symbol = driver ? dlsym(driver, "cuInit") : NULL;
    if (!symbol) {
        const char *fault = dlerror();
        if (!driver && strstr(fault, "No such file"))
            snprintf(why, size, "no NVIDIA driver");
        else
            snprintf(why, size, "the NVIDIA driver could not be loaded (%s)", fault);
        return false;
    }
    /* ISO C has no cast from data to function pointers. */
    memcpy(&initialise, &symbol, sizeof initialise);
    if (initialise(0) != CUDA_ERROR_NO_DEVICE)
        return true;
    snprintf(why, size, "the NVIDIA driver found no device");
    return false;
}

/* Loads the module from $ANNC_CUDA_MODULE, with or without a driver, or from its places. */
static const struct annc_backend *load_cuda(char *why, size_t size)
{
    static const struct annc_module module = {"CUDA", ANNC_CUDA_MODULE_NAME, "ANNC_CUDA_MODULE",
                                              ANNC_BACKEND_MODULE_SYMBOL, "ANNC_CUDA_LIBRARIES"};
    if (!getenv(module.variable) && !ANNC_CUDA_FOUND) {
        snprintf(why, size, "this build has no CUDA (it was made without nvcc)");
        return NULL;
    }
    if (!getenv(module.variable) && !driver_has_device(why, size))
        return NULL;
    const struct annc_backend *backend = annc_module_load(&module, why, size);
    if (backend && backend->contract != ANNC_BACKEND_CONTRACT) {
        snprintf(why, size, "the CUDA module has another version (contract %d, not %d): install both from one build",
                 backend->contract, ANNC_BACKEND_CONTRACT);
        return NULL;
    }
    return backend;
}

static const struct annc_backend *load_cpu(char *why, size_t size)
{
    (void)why;
    (void)size;
    return &annc_backend_cpu;
}

/* Seconds that the driver, its context and the modules take to start; an estimate. */
static const double CUDA_START = 0.4;

static double least_seconds_cpu(const struct annc_job *job)
{
    (void)job;
    return 0;
}

/* The CPU finishes an evaluation of a few thousand examples before CUDA has started. */
static double least_seconds_cuda(const struct annc_job *job)
{
    if (!job->training)
        return CUDA_START;
    double least = annc_cuda_recorded_seconds(job);
    if (!annc_cuda_cluster_refuses(job))
        least = fmin(least, annc_cuda_cluster_seconds(job));
    if (!annc_cuda_tensor_refuses(job))
        least = fmin(least, annc_cuda_tensor_seconds());
    if (!annc_cuda_split_refuses(job))
        least = fmin(least, annc_cuda_split_seconds(job));
    return annc_cuda_block_refuses(job) ? least : fmin(least, annc_cuda_block_seconds(job, true, true));
}

/* A new device is one row here, and a directory. A test adds its own row. */
static const struct annc_device_row rows[] = {
    {ANNC_DEVICE_CPU, "cpu", load_cpu, least_seconds_cpu, 0},
    {ANNC_DEVICE_CUDA, "cuda", load_cuda, least_seconds_cuda, CUDA_START},
#ifdef ANNC_TEST_DEVICE_ROW
    ANNC_TEST_DEVICE_ROW,
#endif
};

const struct annc_device_row *annc_device_row_at(size_t i)
{
    return i < sizeof rows / sizeof *rows ? &rows[i] : NULL;
}

const struct annc_device_row *annc_device_row_of(annc_device_kind kind)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].kind == kind)
            return &rows[i];
    return NULL;
}

const char *annc_device_kind_name(annc_device_kind kind)
{
    const struct annc_device_row *row = annc_device_row_of(kind);
    return kind == ANNC_DEVICE_AUTO ? "auto" : row ? row->name : NULL;
}

int annc_device_cuda_count(char *why, size_t size)
{
    char unwanted[1];
    if (!why || size == 0) {
        why = unwanted;
        size = sizeof unwanted;
    }
    const struct annc_backend *cuda = load_cuda(why, size);
    return cuda ? cuda->count(why, size) : 0;
}

/* Returns a kind's name for messages. */
static const char *title_of(const struct annc_device_row *row)
{
    return row->kind == ANNC_DEVICE_CUDA ? "CUDA" : row->name;
}

static annc_status open_row(const struct annc_device_row *row, const annc_device_options *options, annc_device **device)
{
    char why[512] = "";
    const struct annc_backend *backend = row->load(why, sizeof why);
    const int count = backend ? backend->count(why, sizeof why) : 0;
    const int index = row->kind == ANNC_DEVICE_CPU ? 0 : options->index;
    if (count == 0)
        return annc_fail(ANNC_DEVICE, "no %s device: %s", title_of(row), why);
    if (index < 0 || index >= count)
        return annc_fail(ANNC_DEVICE, "no %s device %d: %d device%s found, numbered from 0", title_of(row), index,
                         count, count == 1 ? " was" : "s were");
    return backend->open(&host, index, options->threads, device);
}

/* Opens the first working device other than the CPU, or else the CPU, with the reason. */
static annc_status open_any(const annc_device_options *options, annc_device **device, const char **why)
{
    *why = "the first device that is not the CPU";
    for (size_t i = 1; annc_device_row_at(i); i++)
        if (open_row(&rows[i], options, device) == ANNC_OK)
            return ANNC_OK;
    *why = annc_last_error();
    return open_row(&rows[0], options, device);
}

annc_status annc_device_open(const annc_device_options *options, annc_device **device)
{
    ANNC_REQUIRE_RESULT(device, "device");
    ANNC_REQUIRE(options, "options");
    const char *why = "requested";
    annc_status status;
    if (options->threads < 0)
        return annc_fail(ANNC_USAGE, "%d threads: must be 1 or more, or 0 for automatic", options->threads);
    if (options->kind == ANNC_DEVICE_AUTO) {
        status = open_any(options, device, &why);
    } else {
        const struct annc_device_row *row = annc_device_row_of(options->kind);
        if (!row)
            return annc_fail(ANNC_USAGE, "device kind %d does not exist", (int)options->kind);
        status = open_row(row, options, device);
    }
    if (status == ANNC_OK) {
        (*device)->process = getpid();
        snprintf((*device)->info.why, sizeof(*device)->info.why, "%s", why);
    }
    return status;
}

annc_status annc_device_check(const annc_device *device)
{
    ANNC_REQUIRE(device, "device");
    return device->process == getpid() ? ANNC_OK
                                       : annc_fail(ANNC_DEVICE,
                                                   "the device was opened before a fork, in process %ld, and serves "
                                                   "only that one; open a device in this process",
                                                   (long)device->process);
}

void annc_device_close(annc_device *device)
{
    if (device)
        device->backend->close(device);
}

const annc_device_info *annc_device_describe(const annc_device *device)
{
    return device ? &device->info : NULL;
}
