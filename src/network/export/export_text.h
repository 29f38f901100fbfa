/* export_text.h - exports a network as JSON, and what all exports of text share. */
#ifndef ANNC_NETWORK_EXPORT_EXPORT_TEXT_H
#define ANNC_NETWORK_EXPORT_EXPORT_TEXT_H

#include "annc.h"

struct annc_buffer;
struct annc_safe_file;

/* Writes to an open file. ANNC_OUTPUT if writing fails; ANNC_MEMORY. */
annc_status annc_export_json(const annc_network *network, struct annc_safe_file *file);

/* Writes a text to the file and empties it, once it has `least` bytes. */
enum { ANNC_EXPORT_PIECE = 1 << 16 };
annc_status annc_export_flush(struct annc_buffer *text, struct annc_safe_file *file, size_t least);

/* Writes a text as a C string in quotation marks, in ASCII. */
void annc_export_c_string(struct annc_buffer *text, const char *s);

#endif
