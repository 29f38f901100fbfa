/* memory.h - memory for the program: allocation that ends the program with a message when memory runs out. No other file of the program asks elsewhere. */
#ifndef ANNC_CLI_TERMINAL_MEMORY_H
#define ANNC_CLI_TERMINAL_MEMORY_H

#include "annc.h"

#include <stdio.h>

/* Ends the program with a message that itself needs no memory, and the exit code of ANNC_MEMORY. What was printed is printed; files are whole or absent, since
 * the library writes each in one call, and nothing is asked for here meanwhile. */
_Noreturn void no_memory(const char *what, size_t bytes);
/* What is done before the program ends so, with what memory there is: it may ask here too, and is itself ended by a refusal. NULL: nothing. */
void set_rescue(void (*rescue)(void *context), void *context);
/* Ends it with the last error when `status` is ANNC_MEMORY, for callers that carry on after any other failure. */
void end_if_out_of_memory(annc_status status);

/* count x size bytes, zeroed, at least one; `what` names the purpose in the message. Never NULL. free() gives it back. */
void *take_memory(size_t count, size_t size, const char *what);
/* An array that grows, with room for `count` elements at least, the new ones undefined; *room: how many there is room for. Never NULL. */
void *take_more(void *array, size_t count, size_t *room, size_t size, const char *what);
char *take_copy(const char *text, const char *what);
/* What a call of the system gave that takes memory itself, fopen or realpath; NULL, with errno, where it failed for another reason. */
void *check_allocation(void *given, const char *what);

/* A text that grows: all zero at first, ended by '\0' once something was added. */
struct text {
    char *bytes;
    size_t length, room;
};

void text_put(struct text *text, const char *bytes, size_t length);
void text_add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A stream that writes to a text, for what can be printed on a screen too; the text is whole once it is closed. */
FILE *text_stream(struct text *text);
void text_free(struct text *text);

#endif
