/* show_subject.h - the subjects of annc-gpu show. */
#ifndef ANNC_CLI_OPTIONS_SHOW_SUBJECT_H
#define ANNC_CLI_OPTIONS_SHOW_SUBJECT_H

enum subject { SHOW_IMAGES, SHOW_MEANS, SHOW_WEIGHTS, SHOW_MISTAKES, SHOW_SUBJECTS };

/* Returns the name of subject i, a value of --what; NULL after the last. */
const char *show_subject(int i);

#endif
