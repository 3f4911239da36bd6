/* ident.c - see ident.h. */
#include "common/ident.h"

#include <string.h>

#include "common/err.h"
#include "common/limits.h"

/* Names in errors are cut off here, as they may be very long. */
#define SHOWN 200

static int component_check(
	const char *role, const char *part, size_t size, struct err *e)
{
	size_t i;

	if (size == 0)
		return err_set(e, ERR_INVALID,
			"role '%.*s' begins or ends with a slash, or has two "
			"in a row",
			SHOWN, role);
	if ((size == 1 && (*part == '.' || *part == '*')) ||
		(size == 2 && memcmp(part, "..", 2) == 0))
		return err_set(e, ERR_INVALID,
			"role '%.*s' has the component '%.*s', which is not "
			"allowed",
			SHOWN, role, (int)size, part);
	if (*part == '-')
		return err_set(e, ERR_INVALID,
			"role '%.*s' has a component that begins with '-'",
			SHOWN, role);
	for (i = 0; i < size; i++)
		if (strchr("\t\n\v\f\r \x7f", part[i]) != NULL)
			return err_set(e, ERR_INVALID,
				"role '%.*s' has white space or DEL in it",
				SHOWN, role);
	return 0;
}

int ident_role_check(const char *role, struct err *e)
{
	size_t size;

	if (*role == '\0')
		return err_set(e, ERR_INVALID, "a role may not be empty");
	if (strcmp(role, "*") == 0)
		return 0;
	if (strlen(role) > ROLE_MAX)
		return err_set(e, ERR_LIMIT,
			"role '%.*s...' is longer than %d bytes", SHOWN, role,
			ROLE_MAX);
	for (const char *p = role;; p += size + 1) {
		size = strcspn(p, "/");
		if (component_check(role, p, size, e) != 0)
			return -1;
		if (p[size] == '\0')
			return 0;
	}
}

int ident_id_check(const char *what, const char *id, struct err *e)
{
	size_t i, size = strlen(id);

	if (size == 0)
		return err_set(e, ERR_INVALID, "%s may not be empty", what);
	if (size > ID_MAX)
		return err_set(e, ERR_INVALID,
			"%s '%.*s...' is longer than %d bytes", what, SHOWN, id,
			ID_MAX);
	if (strcmp(id, ".") == 0 || strcmp(id, "..") == 0)
		return err_set(
			e, ERR_INVALID, "%s '%s' is not allowed", what, id);
	for (i = 0; i < size; i++) {
		unsigned char c = (unsigned char)id[i];

		if (c < 0x20 || c == 0x7f)
			return err_set(e, ERR_INVALID,
				"%s '%s' has a control character at byte %zu",
				what, id, i);
		if (c == '/' || c == '\\')
			return err_set(e, ERR_INVALID, "%s '%s' has a '%c'",
				what, id, c);
	}
	return 0;
}

bool ident_role_is_ancestor(const char *ancestor, const char *role)
{
	size_t size = strlen(ancestor);

	return strncmp(ancestor, role, size) == 0 && role[size] == '/';
}
