/* tail.c - see tail.h. */
#include "cli/tail.h"

size_t tail_begin(const uint8_t *data, size_t size, uint64_t lines)
{
	size_t i = size;

	if (lines == 0)
		return size;
	/* The end of the last line is no border. */
	if (i > 0 && data[i - 1] == '\n')
		i--;
	for (; i > 0; i--)
		if (data[i - 1] == '\n' && --lines == 0)
			return i;
	return 0;
}
