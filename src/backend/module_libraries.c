/* module_libraries.c - loads a module whose libraries may lie outside the loader's path. */
#include "backend/module_libraries.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

/* What the CUDA module needs, and what that needs, which comes first. */
static const char *const LIBRARIES[] = {"libcudart.so.", "libcublasLt.so.", "libcublas.so."};

/* Loads the files of a directory whose names begin with `library`, of any version: the module takes
 * the one that it was made for. */
static void load_from(const char *folder, const char *library)
{
    char path[4096];
    DIR *directory = opendir(folder);
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        if (strncmp(entry->d_name, library, strlen(library)) != 0 ||
            snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= (int)sizeof path)
            continue;
        dlopen(path, RTLD_NOW | RTLD_LOCAL);
    }
    if (directory)
        closedir(directory);
}

/* Loads the libraries from all directories of a list. */
static void load_libraries(const char *list)
{
    char folder[4096];
    for (size_t i = 0; i < sizeof LIBRARIES / sizeof *LIBRARIES; i++)
        for (const char *at = list; *at; at += strspn(at, ":")) {
            const size_t length = strcspn(at, ":");
            if (length > 0 && length < sizeof folder) {
                snprintf(folder, sizeof folder, "%.*s", (int)length, at);
                load_from(folder, LIBRARIES[i]);
            }
            at += length;
        }
}

void *annc_module_open(const char *path, const char *folders)
{
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!module && folders)
        load_libraries(folders);
    return module ? module : dlopen(path, RTLD_NOW | RTLD_LOCAL); /* also for its dlerror */
}
