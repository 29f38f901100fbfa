/* field.h - a field of a text table's record. */
#ifndef ANNC_DATASET_TEXT_FIELD_H
#define ANNC_DATASET_TEXT_FIELD_H

#include <stdbool.h>
#include <stddef.h>

/* A field of a record: trimmed, without its quotes. */
struct annc_field {
    const char *text;
    size_t length;
    bool quoted;
    char escape;    /* contains this character before others, which it makes ordinary; or 0 */
    bool is_number; /* read as one already, with '.' as the decimal mark; false: not looked at */
    bool has_point; /* such a number */
    double number;
};

#endif
