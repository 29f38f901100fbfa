/* module.c - loads the library's modules. */
#include "backend/module.h"
#include "backend/module_libraries.h"
#include "base/config.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static void *open_file(const struct annc_module *module, char *why, size_t size)
{
    static const char *const places[] = {".", "annc", "kernels", "../kernels", "../annc", ANNC_MODULE_BESIDE_PROGRAM};
    char folder[4096], path[4400];
    const char *chosen = getenv(module->variable), *libraries = module->libraries ? getenv(module->libraries) : NULL;
    if (chosen) {
        void *file = annc_module_open(chosen, libraries);
        if (!file)
            snprintf(why, size, "the module named by %s could not be loaded: %s", module->variable, dlerror());
        return file;
    }
    for (size_t i = 0; i <= sizeof places / sizeof *places; i++) {
        if (i == sizeof places / sizeof *places)
            snprintf(path, sizeof path, "%s/%s", ANNC_MODULE_INSTALL_DIR, module->file);
        else if (own_folder(folder, sizeof folder))
            snprintf(path, sizeof path, "%s/%s/%s", folder, places[i], module->file);
        else
            continue;
        if (access(path, R_OK) != 0)
            continue;
        void *file = annc_module_open(path, libraries);
        if (!file)
            snprintf(why, size, "the %s module could not be loaded: %s", module->title, dlerror());
        return file;
    }
    snprintf(why, size, "the %s module %s was not found beside the program or in %s", module->title, module->file,
             ANNC_MODULE_INSTALL_DIR);
    return NULL;
}

const void *annc_module_load(const struct annc_module *module, char *why, size_t size)
{
    void *file = open_file(module, why, size);
    if (!file)
        return NULL;
    const void *(*get)(void);
    void *symbol = dlsym(file, module->symbol);
    memcpy(&get, &symbol, sizeof get); /* ISO C has no cast from data to function pointers */
    if (!get) {
        snprintf(why, size, "the %s module does not belong to this program", module->title);
        return NULL;
    }
    return get();
}
