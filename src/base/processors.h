/* processors.h - the number of processors available to this process. */
#ifndef ANNC_BASE_PROCESSORS_H
#define ANNC_BASE_PROCESSORS_H

/* Returns the number of threads that can run at once, at least 1: the processors of the affinity
 * mask (taskset, Slurm), or the CPU quota of a control group (a container, systemd's CPUQuota),
 * rounded up, if that is smaller. */
int annc_usable_processors(void);

/* Returns the smallest CPU quota of this process's control groups in processors, rounded up, or 0
 * without a quota. `root` is the directory that contains proc/ and sys/: "" except in tests. */
int annc_processor_quota(const char *root);

#endif
