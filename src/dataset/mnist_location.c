/* mnist_location.c - the location of MNIST on this machine. */
#include "dataset/mnist_location.h"
#include "base/config.h"
#include "base/status.h"
#include "dataset/idx/idx_find.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Returns whether a file exists that this build can read. */
static bool is_usable(const char *path)
{
    const size_t length = strlen(path);
    return length > 0 && (ANNC_ZLIB_FOUND || length < 3 || strcmp(path + length - 3, ".gz") != 0);
}

/* Looks for MNIST in a directory. ANNC_INPUT if it is incomplete. */
static annc_status look_in(const char *folder)
{
    struct annc_idx_files files;
    struct stat there;
    if (stat(folder, &there) != 0 || !S_ISDIR(there.st_mode))
        return ANNC_INPUT;
    annc_status status = annc_idx_find(folder, &files);
    for (int p = ANNC_PART_TRAIN; p <= ANNC_PART_TEST && status == ANNC_OK; p++)
        if (!is_usable(files.images[p]) || !is_usable(files.labels[p]))
            status = ANNC_INPUT;
    return status;
}

bool annc_mnist_cache_folder(char *path, size_t size)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && cache[0] == '/')
        return (size_t)snprintf(path, size, "%s/annc/mnist", cache) < size;
    return home && home[0] && (size_t)snprintf(path, size, "%s/.cache/annc/mnist", home) < size;
}

annc_status annc_mnist_find(char *path, size_t size)
{
    ANNC_REQUIRE(path, "path");
    const char *chosen = getenv("ANNC_DATA");
    const bool is_chosen = chosen && chosen[0];
    annc_status status = ANNC_INPUT;
    if ((size_t)snprintf(path, size, "%s", is_chosen ? chosen : "data/mnist") < size)
        status = look_in(path);
    if (status == ANNC_INPUT && !is_chosen && annc_mnist_cache_folder(path, size))
        status = look_in(path);
    return status == ANNC_INPUT ? annc_fail(ANNC_INPUT, "MNIST is not on disk: neither in $ANNC_DATA nor in data/mnist "
                                                        "nor in the cache folder; download it with " ANNC_FIELD_FETCH)
                                : status;
}
