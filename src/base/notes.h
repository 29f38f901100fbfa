/* notes.h - the assumptions about data, as lines for the user. */
#ifndef ANNC_BASE_NOTES_H
#define ANNC_BASE_NOTES_H

#include "annc.h"

/* Adds a line to notes. */
void annc_note(char *notes, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

#endif
