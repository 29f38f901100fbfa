/* show_subject.c - what annc-gpu show can show. */
#include "cli/options/show_subject.h"

#include <stddef.h>

static const char *const SUBJECTS[] = {"images", "means", "weights", "mistakes"};

const char *show_subject(int i)
{
    return i < SHOW_SUBJECTS ? SUBJECTS[i] : NULL;
}
