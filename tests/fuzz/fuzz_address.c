/* Addresses and redirects: what is accepted reads back the same. Also the
 * CLI's config files, which are as hostile. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/settings.h"
#include "common/check.h"
#include "common/mem.h"
#include "sched/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct address *a)
{
	char text[ADDRESS_TEXT_MAX];
	struct address b;

	address_text(text, a);
	CHECK(address_parse(&b, text, strlen(text), 1, NULL) == 0);
	CHECK(strcmp(a->host, b.host) == 0);
	CHECK(a->port == b.port);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xmalloc(size + 1);
	struct address all[ADDRESS_LIST_MAX];
	struct settings s;
	size_t n;

	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (address_list(all, &n, text, 5050, NULL) == 0)
		for (size_t i = 0; i < n; i++)
			check(&all[i]);
	if (address_redirect(all, text, NULL) == 0)
		check(all);
	if (address_pid(all, text, NULL) == 0)
		check(all);
	settings_init(&s);
	if (settings_parse(&s, text, NULL) == 0)
		(void)settings_finish(&s, NULL); /* bad values are fine */
	settings_parse_mesos(&s, text);
	settings_fini(&s);
	free(text);
	return 0;
}
