/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The order of numbers as JSON writes them (RFC 8259 §6), by their digits: nothing is rounded,
 * however long they are. Private to core/model. */

#include <glib.h>

G_BEGIN_DECLS

/* Below, at or above 0 where a is less than, equal to or greater than b. Both are numbers as the
 * lexer of JSON accepts them. An exponent beyond 64 bits counts as the largest there is. */
int duplex_json_number_compare (const char *a,
                                gsize       a_len,
                                const char *b,
                                gsize       b_len);

G_END_DECLS
