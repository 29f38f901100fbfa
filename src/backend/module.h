/* module.h - modules of the library: files that are loaded at first need. */
#ifndef ANNC_BACKEND_MODULE_H
#define ANNC_BACKEND_MODULE_H

#include <stddef.h>

struct annc_module {
    const char *title;    /* for messages: "CUDA" */
    const char *file;     /* "annc_cuda.so" */
    const char *variable; /* of the environment: another file to load instead */
    const char *symbol;   /* the function that it exports, without arguments; it returns a table */
    /* Variable of the environment with directories where its libraries may lie, or NULL. */
    const char *libraries;
};

/* Loads a module, from the file that the environment names or else from its places relative to the
 * program in a build and in an installation, and returns its table. Loading again returns the same
 * table, so nothing is cached here. NULL with the reason in `why` (of `size` bytes). */
const void *annc_module_load(const struct annc_module *module, char *why, size_t size);

#endif
