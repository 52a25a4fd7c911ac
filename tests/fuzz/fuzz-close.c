/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-limits.h"

static void
check_parsed (const guint8 *body,
              gsize         len)
{
  const char   *reason;
  gsize         reason_len;
  DuplexFinding finding;
  guint16       code = duplex_close_body_parse (body, len, &reason, &reason_len, &finding);

  g_assert_cmpuint (reason_len, ==, len < 2 ? 0 : len - 2);
  g_assert_true (len == 0 || finding.offset < len);
  g_assert_cmpuint (strlen (duplex_close_code_get_name (code)), >, 0);
  if (finding.id == DUPLEX_FINDING_NONE)
    g_assert_true (len == 0 || duplex_close_code_may_send (code));
  else
    g_assert_cmpuint (duplex_finding_get_close_code (finding.id), !=, 0);
}

/* Whatever reason a body is made with, it is legal but for the code, and begins as the reason. */
static void
check_built (guint16     code,
             const char *wish)
{
  g_autoptr (GBytes) body = duplex_close_body_new (code, wish);
  const char        *reason;
  gsize              reason_len;
  gsize              len;
  const guint8      *data = g_bytes_get_data (body, &len);
  DuplexFinding      finding;

  g_assert_cmpuint (len, <=, DUPLEX_LIMIT_CONTROL_PAYLOAD);
  g_assert_cmpuint (duplex_close_body_parse (data, len, &reason, &reason_len, &finding), ==, code);
  g_assert_true (finding.id == DUPLEX_FINDING_NONE ||
                 finding.id == DUPLEX_FINDING_CLOSE_CODE_FORBIDDEN);
  g_assert_cmpmem (reason, reason_len, wish, reason_len);

  /* Nothing was cut off that would have fitted. */
  if (code != DUPLEX_CLOSE_NO_STATUS && g_utf8_validate (wish, -1, NULL) &&
      strlen (wish) <= DUPLEX_LIMIT_CLOSE_REASON)
    g_assert_cmpuint (reason_len, ==, strlen (wish));
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autofree char *reason = NULL;

  check_parsed (data, size);
  if (size >= 2)
    {
      reason = g_strndup ((const char *)data + 2, size - 2);
      check_built (data[0] << 8 | data[1], reason);
    }

  return 0;
}
