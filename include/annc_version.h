/* annc_version.h - the version of libannc, for the preprocessor. annc_build_info() returns the
 * version of the library at run time.
 *
 * The major number rises if programs that use the stable sections of annc.h must change, the minor
 * number with additions, the patch number with corrections. While the major number is 0, a new
 * minor number may change all sections that annc.h does not call stable. CMake reads the numbers
 * from this file. */
#ifndef ANNC_VERSION_H
#define ANNC_VERSION_H

#define ANNC_VERSION_MAJOR 0
#define ANNC_VERSION_MINOR 1
#define ANNC_VERSION_PATCH 0

#define ANNC_VERSION_QUOTE_(text) #text
#define ANNC_VERSION_TEXT_(major, minor, patch)                                                                        \
    ANNC_VERSION_QUOTE_(major) "." ANNC_VERSION_QUOTE_(minor) "." ANNC_VERSION_QUOTE_(patch)

/* "0.1.0" */
#define ANNC_VERSION ANNC_VERSION_TEXT_(ANNC_VERSION_MAJOR, ANNC_VERSION_MINOR, ANNC_VERSION_PATCH)

/* True for this version or a later one: #if ANNC_VERSION_AT_LEAST(0, 1, 0) */
#define ANNC_VERSION_AT_LEAST(major, minor, patch)                                                                     \
    (ANNC_VERSION_MAJOR > (major) ||                                                                                   \
     (ANNC_VERSION_MAJOR == (major) &&                                                                                 \
      (ANNC_VERSION_MINOR > (minor) || (ANNC_VERSION_MINOR == (minor) && ANNC_VERSION_PATCH >= (patch)))))

#endif
