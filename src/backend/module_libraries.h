/* module_libraries.h - loads a module whose libraries may lie outside the loader's path. */
#ifndef ANNC_BACKEND_MODULE_LIBRARIES_H
#define ANNC_BACKEND_MODULE_LIBRARIES_H

/* Loads a module. If that fails, loads the CUDA libraries in `folders`, a list with ':' between
 * them, unless it is NULL, and tries again: the loader takes what a module needs from libraries
 * that are loaded, by their names. Returns NULL if it cannot be loaded; dlerror has the reason. */
void *annc_module_open(const char *path, const char *folders);

#endif
