/* age.h - times and amounts as people read them. Pure. */
#ifndef CLI_AGE_H
#define CLI_AGE_H

#include <stddef.h>
#include <stdint.h>

#include "mesos/v1/mesos.pb-c.h"

#define AGE_TEXT_MAX 48

/* "45s", "3m12s", "5h07m", "3d04h"; "-" if negative. */
void age_text(char text[AGE_TEXT_MAX], int64_t seconds);
/* "2026-11-23T01:02:03Z"; "-" for 0. */
void age_date(char text[AGE_TEXT_MAX], int64_t seconds);
/* Thousandths: "4", "0.5". */
void age_milli(char text[AGE_TEXT_MAX], int64_t milli);
/* The sum of a scalar over all objects, in thousandths. */
int64_t age_sum(
	Mesos__V1__Resource *const *resources, size_t n, const char *name);

#endif
