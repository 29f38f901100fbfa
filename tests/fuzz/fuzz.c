/* fuzz.c - any reader under libFuzzer: ANNC_FUZZ_READER names it. */
#include "fuzz/hostile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const struct reader *reader;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *name = getenv("ANNC_FUZZ_READER");
    (void)argc;
    (void)argv;
    for (int i = 0; i < READER_COUNT; i++)
        if (name && strcmp(READERS[i].name, name) == 0)
            reader = &READERS[i];
    if (!reader || !readers_begin()) {
        fprintf(stderr, "ANNC_FUZZ_READER names a reader; '%s' is none\n", name ? name : "");
        exit(1);
    }
    atexit(readers_end);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct reading reading;
    const char *complaint = reader_complaint(reader, bytes, size, &reading);
    if (!complaint)
        return 0;
    fprintf(stderr, "%s: %s\n", reader->name, complaint);
    abort();
}
