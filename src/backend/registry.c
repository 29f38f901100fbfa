/* registry.c - the kinds of devices, and the opening of a device. */
#include "backend/registry.h"
#include "backend/cuda_estimate.h"
#include "backend/module_libraries.h"
#include "base/config.h"
#include "base/status.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct annc_host host = {annc_fail};

/* Finds the directory of the file that contains this code: the program, or the shared library. */
static bool own_folder(char *folder, size_t size)
{
    static const char anchor; /* any address in this file */
    Dl_info found;
    char path[4096] = "";
    if (dladdr(&anchor, &found) && found.dli_fname && strchr(found.dli_fname, '/'))
        snprintf(path, sizeof path, "%s", found.dli_fname);
    else if (readlink("/proc/self/exe", path, sizeof path - 1) <= 0)
        return false;
    char *slash = strrchr(path, '/');
    if (!slash)
        return false;
    *slash = '\0';
    return (size_t)snprintf(folder, size, "%s", path) < size;
}

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

/* Loads the module from $ANNC_CUDA_MODULE, with or without a driver, or from its places relative to
 * the program in a build and in an installation. Loading again returns the same module, so nothing
 * is cached here. */
static void *load_module(char *why, size_t size)
{
    static const char *const places[] = {".", "annc", "kernels", "../kernels", ANNC_MODULE_BESIDE_PROGRAM};
    char folder[4096], path[4400];
    const char *chosen = getenv("ANNC_CUDA_MODULE");
    if (chosen) {
        void *module = annc_module_open(chosen);
        if (!module)
            snprintf(why, size, "the module named by ANNC_CUDA_MODULE could not be loaded: %s", dlerror());
        return module;
    }
    if (!ANNC_CUDA_FOUND) {
        snprintf(why, size, "this build has no CUDA (it was made without nvcc)");
        return NULL;
    }
    if (!driver_has_device(why, size))
        return NULL;
    for (size_t i = 0; i <= sizeof places / sizeof *places; i++) {
        if (i == sizeof places / sizeof *places)
            snprintf(path, sizeof path, "%s/%s", ANNC_MODULE_INSTALL_DIR, ANNC_MODULE_NAME);
        else if (own_folder(folder, sizeof folder))
            snprintf(path, sizeof path, "%s/%s/%s", folder, places[i], ANNC_MODULE_NAME);
        else
            continue;
        if (access(path, R_OK) != 0)
            continue;
        void *module = annc_module_open(path);
        if (!module)
            snprintf(why, size, "the CUDA module could not be loaded: %s", dlerror());
        return module;
    }
    snprintf(why, size, "the CUDA module %s was not found beside the program or in %s", ANNC_MODULE_NAME,
             ANNC_MODULE_INSTALL_DIR);
    return NULL;
}

static const struct annc_backend *load_cuda(char *why, size_t size)
{
    void *module = load_module(why, size);
    if (!module)
        return NULL;
    annc_backend_module_fn *get;
    void *symbol = dlsym(module, ANNC_BACKEND_MODULE_SYMBOL);
    memcpy(&get, &symbol, sizeof get); /* ISO C has no cast from data to function pointers */
    if (!get) {
        snprintf(why, size, "the CUDA module does not belong to this program");
        return NULL;
    }
    const struct annc_backend *backend = get();
    if (backend->contract != ANNC_BACKEND_CONTRACT) {
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

static double least_seconds_cpu(const struct annc_job *job)
{
    (void)job;
    return 0;
}

/* The CPU finishes an evaluation of a few thousand examples before CUDA has started. The engines
 * that take small networks do not count: their times are not confirmed on a GPU. */
static double least_seconds_cuda(const struct annc_job *job)
{
    const double start = 0.1;
    return job->training ? annc_cuda_recorded_seconds(job) : start;
}

/* A new device is one row here, and a directory. A test adds its own row. */
static const struct annc_device_row rows[] = {
    {ANNC_DEVICE_CPU, "cpu", load_cpu, least_seconds_cpu},
    {ANNC_DEVICE_CUDA, "cuda", load_cuda, least_seconds_cuda},
#ifdef ANNC_TEST_DEVICE_ROW
    ANNC_TEST_DEVICE_ROW,
#endif
};

const struct annc_device_row *annc_device_row_at(size_t i)
{
    return i < sizeof rows / sizeof *rows ? &rows[i] : NULL;
}

static const struct annc_device_row *row_of(annc_device_kind kind)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].kind == kind)
            return &rows[i];
    return NULL;
}

const char *annc_device_kind_name(annc_device_kind kind)
{
    const struct annc_device_row *row = row_of(kind);
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
        const struct annc_device_row *row = row_of(options->kind);
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
