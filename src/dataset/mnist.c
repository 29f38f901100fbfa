/* mnist.c - where MNIST is on this machine. */
#include "config.h"
#include "source.h"
#include "status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Whether a file was found that this build can read. */
static bool is_usable(const char *path)
{
    const size_t length = strlen(path);
    return length > 0 && (ANNC_ZLIB_FOUND || length < 3 || strcmp(path + length - 3, ".gz") != 0);
}

static bool holds_mnist(const char *folder)
{
    struct annc_idx_files files;
    struct stat there;
    if (stat(folder, &there) != 0 || !S_ISDIR(there.st_mode) || annc_idx_find(folder, &files) != ANNC_OK)
        return false;
    for (int p = ANNC_PART_TRAIN; p <= ANNC_PART_TEST; p++)
        if (!is_usable(files.images[p]) || !is_usable(files.labels[p]))
            return false;
    return true;
}

bool annc_mnist_cache_folder(char *path, size_t size)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && cache[0] == '/')
        return (size_t)snprintf(path, size, "%s/annc/mnist", cache) < size;
    return home && home[0] && (size_t)snprintf(path, size, "%s/.cache/annc/mnist", home) < size;
}

bool annc_mnist_find(char *path, size_t size)
{
    const char *chosen = getenv("ANNC_DATA");
    if (chosen && chosen[0])
        return (size_t)snprintf(path, size, "%s", chosen) < size && holds_mnist(path);
    if ((size_t)snprintf(path, size, "data/mnist") < size && holds_mnist(path))
        return true;
    return annc_mnist_cache_folder(path, size) && holds_mnist(path);
}
