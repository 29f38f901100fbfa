/* memory.h - memory allocation for the program; it exits with a message when memory runs out. All
 * files of the program allocate here. */
#ifndef ANNC_CLI_TERMINAL_MEMORY_H
#define ANNC_CLI_TERMINAL_MEMORY_H

#include "annc.h"
#include "base/buffer.h"

#include <stdio.h>

/* Ends the program with the exit code of ANNC_MEMORY and a message that needs no memory itself.
 * Printed output stays; files are whole or absent, since the library writes each in one call, and
 * no allocation happens here during that call. */
_Noreturn void no_memory(const char *what, size_t bytes);
/* Sets a function to run before no_memory ends the program. The function may allocate here; a
 * second failure ends the program. NULL: no function. */
void set_rescue(void (*rescue)(void *context), void *context);
/* Ends the program with the last error if `status` is ANNC_MEMORY, for callers that continue after
 * any other failure. */
void end_if_out_of_memory(annc_status status);

/* Returns count x size zeroed bytes, at least one, never NULL; release them by free(). `what` names
 * the purpose in the message. */
void *take_memory(size_t count, size_t size, const char *what);
/* Grows an array to at least `count` elements and returns it, never NULL. New elements are
 * undefined. *room: number of allocated elements. */
void *take_more(void *array, size_t count, size_t *room, size_t size, const char *what);
char *take_copy(const char *text, const char *what);
/* Returns the result of a system call that allocates, such as fopen or realpath; NULL, with errno,
 * if it failed for another reason than memory. */
void *check_allocation(void *given, const char *what);

/* A growing text, as annc_buffer_add, annc_buffer_format and annc_buffer_free make it. */
void text_put(struct annc_buffer *text, const char *bytes, size_t length);
void text_add(struct annc_buffer *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Returns a stream that writes to a text, for output that can also go to the screen; the text is
 * complete once the stream is closed. */
FILE *text_stream(struct annc_buffer *text);
void text_free(struct annc_buffer *text);

#endif
