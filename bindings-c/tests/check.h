/* What the programs share. */
#ifndef CHECK_H
#define CHECK_H

#include "healthspace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define T(s) (const uint8_t *)(s), strlen(s)
#define CHECK(what)                                                                       \
    do {                                                                                  \
        if (!(what)) {                                                                    \
            fprintf(stderr, "line %d: %s (last: %s, %s)\n", __LINE__, #what,              \
                    hs_last_error_name(), hs_last_error_text());                          \
            exit(1);                                                                      \
        }                                                                                 \
    } while (0)
#define OK(call) CHECK((call) == 0)

static inline int contains(const uint8_t *bytes, size_t len, const char *word)
{
    size_t n = strlen(word), i;
    for (i = 0; i + n <= len; i++)
        if (memcmp(bytes + i, word, n) == 0)
            return 1;
    return 0;
}

#endif
