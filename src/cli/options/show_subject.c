/* show_subject.c - the subjects of annc-gpu show. */
#include "cli/options/show_subject.h"

#include <stddef.h>

static const char *const SUBJECTS[] = {"images", "means", "weights", "mistakes"};

const char *show_subject(int i)
{
    return i < SHOW_SUBJECTS ? SUBJECTS[i] : NULL;
}
