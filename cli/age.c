/* age.c - see age.h. */
#include "cli/age.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/check.h"

void age_text(char text[AGE_TEXT_MAX], int64_t s)
{
	int n;

	if (s < 0)
		n = snprintf(text, AGE_TEXT_MAX, "-");
	else if (s < 60)
		n = snprintf(text, AGE_TEXT_MAX, "%" PRId64 "s", s);
	else if (s < 3600)
		n = snprintf(text, AGE_TEXT_MAX, "%" PRId64 "m%02" PRId64 "s",
			s / 60, s % 60);
	else if (s < 86400)
		n = snprintf(text, AGE_TEXT_MAX, "%" PRId64 "h%02" PRId64 "m",
			s / 3600, s / 60 % 60);
	else
		n = snprintf(text, AGE_TEXT_MAX, "%" PRId64 "d%02" PRId64 "h",
			s / 86400, s / 3600 % 24);
	CHECK(n > 0 && n < AGE_TEXT_MAX);
}

/* Days since the epoch to a date of the Gregorian calendar: the year begins in
 * March, so that the leap day is its last (Hinnant's civil_from_days). */
static void civil(int64_t days, int64_t *year, int64_t *month, int64_t *day)
{
	int64_t z = days + 719468;
	int64_t era = z / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	*day = doy - (153 * mp + 2) / 5 + 1;
	*month = mp < 10 ? mp + 3 : mp - 9;
	*year = yoe + era * 400 + (*month <= 2);
}

void age_date(char text[AGE_TEXT_MAX], int64_t s)
{
	int64_t year, month, day;
	int n;

	/* Not before the epoch, and four digits for the year. */
	if (s <= 0 || s >= 253402300800) {
		memcpy(text, "-", 2);
		return;
	}
	civil(s / 86400, &year, &month, &day);
	n = snprintf(text, AGE_TEXT_MAX,
		"%04" PRId64 "-%02" PRId64 "-%02" PRId64 "T%02" PRId64
		":%02" PRId64 ":%02" PRId64 "Z",
		year, month, day, s / 3600 % 24, s / 60 % 60, s % 60);
	CHECK(n > 0 && n < AGE_TEXT_MAX);
}

void age_milli(char text[AGE_TEXT_MAX], int64_t milli)
{
	int n = snprintf(text, AGE_TEXT_MAX, "%" PRId64 ".%03" PRId64,
		milli / 1000, milli < 0 ? -milli % 1000 : milli % 1000);

	CHECK(n > 0 && n < AGE_TEXT_MAX);
	while (text[n - 1] == '0')
		text[--n] = '\0';
	if (text[n - 1] == '.')
		text[--n] = '\0';
}

int64_t age_sum(
	Mesos__V1__Resource *const *resources, size_t n, const char *name)
{
	int64_t sum = 0;

	for (size_t i = 0; i < n; i++) {
		const Mesos__V1__Resource *r = resources[i];
		double v = r->scalar != NULL ? r->scalar->value : 0;

		/* What a double can't tell apart is no amount. */
		if (strcmp(r->name, name) == 0 && v > 0 && v < 1e12)
			sum += (int64_t)(v * 1000 + 0.5);
	}
	return sum;
}
