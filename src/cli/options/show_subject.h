/* show_subject.h - what annc-gpu show can show. */
#ifndef ANNC_CLI_OPTIONS_SHOW_SUBJECT_H
#define ANNC_CLI_OPTIONS_SHOW_SUBJECT_H

enum subject { SHOW_IMAGES, SHOW_MEANS, SHOW_WEIGHTS, SHOW_MISTAKES, SHOW_SUBJECTS };

/* The name of a subject, a value of --what; NULL after the last. */
const char *show_subject(int i);

#endif
