/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/proto/duplex-close-code.h"

#include <glib/gi18n.h>
#include <string.h>

#include "core/proto/duplex-limits.h"
#include "core/proto/duplex-utf8.h"

/* Bytes of the code at the beginning of a Close body, §5.5.1. */
#define CODE_SIZE 2

/* Every number that the IANA WebSocket Close Code Number Registry gives a meaning. */
static const struct
{
  guint16     code;
  const char *name;
} close_names[] = {
  { DUPLEX_CLOSE_NONE, N_ ("None") },
  { DUPLEX_CLOSE_NORMAL, N_ ("Normal Closure") },
  { DUPLEX_CLOSE_GOING_AWAY, N_ ("Going Away") },
  { DUPLEX_CLOSE_PROTOCOL_ERROR, N_ ("Protocol Error") },
  { DUPLEX_CLOSE_UNSUPPORTED_DATA, N_ ("Unsupported Data") },
  { 1004, N_ ("Reserved") },
  { DUPLEX_CLOSE_NO_STATUS, N_ ("No Status Received") },
  { DUPLEX_CLOSE_ABNORMAL, N_ ("Abnormal Closure") },
  { DUPLEX_CLOSE_INVALID_DATA, N_ ("Invalid Frame Payload Data") },
  { DUPLEX_CLOSE_POLICY, N_ ("Policy Violation") },
  { DUPLEX_CLOSE_TOO_BIG, N_ ("Message Too Big") },
  { DUPLEX_CLOSE_MANDATORY_EXTENSION, N_ ("Mandatory Extension") },
  { DUPLEX_CLOSE_INTERNAL_ERROR, N_ ("Internal Error") },
  { DUPLEX_CLOSE_SERVICE_RESTART, N_ ("Service Restart") },
  { DUPLEX_CLOSE_TRY_AGAIN_LATER, N_ ("Try Again Later") },
  { DUPLEX_CLOSE_BAD_GATEWAY, N_ ("Bad Gateway") },
  { DUPLEX_CLOSE_TLS_HANDSHAKE, N_ ("TLS Handshake") },
  { 3000, N_ ("Unauthorized") },
  { 3003, N_ ("Forbidden") },
  { 3008, N_ ("Timeout") },
};

const char *
duplex_close_code_get_name (guint16 code)
{
  for (gsize i = 0; i < G_N_ELEMENTS (close_names); i++)
    {
      if (close_names[i].code == code)
        return close_names[i].name;
    }

  /* §7.4.2 */
  if (code >= 3000 && code <= 3999)
    return N_ ("Registered");
  if (code >= 4000 && code <= 4999)
    return N_ ("Private Use");

  return N_ ("Unknown");
}

gboolean
duplex_close_code_may_send (guint16 code)
{
  return (code >= DUPLEX_CLOSE_NORMAL && code <= DUPLEX_CLOSE_UNSUPPORTED_DATA) ||
         (code >= DUPLEX_CLOSE_INVALID_DATA && code <= DUPLEX_CLOSE_BAD_GATEWAY) ||
         (code >= 3000 && code <= 4999);
}

guint16
duplex_close_body_parse (const guint8  *body,
                         gsize          len,
                         const char   **ret_reason,
                         gsize         *ret_reason_len,
                         DuplexFinding *ret_finding)
{
  DuplexFinding finding = { DUPLEX_FINDING_NONE, 0 };
  const char   *reason = "";
  gsize         reason_len = 0;
  guint16       code = DUPLEX_CLOSE_NO_STATUS;
  guint64       bad;

  g_return_val_if_fail (body != NULL || len == 0, DUPLEX_CLOSE_PROTOCOL_ERROR);

  if (len == 1)
    {
      code = DUPLEX_CLOSE_PROTOCOL_ERROR;
      finding.id = DUPLEX_FINDING_CLOSE_ONE_BYTE;
    }
  else if (len > 1)
    {
      code = (guint16)(body[0] << 8 | body[1]);
      reason = (const char *)body + CODE_SIZE;
      reason_len = len - CODE_SIZE;

      if (!duplex_close_code_may_send (code))
        finding.id = DUPLEX_FINDING_CLOSE_CODE_FORBIDDEN;
      else if (!duplex_utf8_validate (body + CODE_SIZE, reason_len, &bad))
        finding = (DuplexFinding){ DUPLEX_FINDING_CLOSE_REASON_INVALID_UTF8, CODE_SIZE + bad };
    }

  if (ret_reason != NULL)
    *ret_reason = reason;
  if (ret_reason_len != NULL)
    *ret_reason_len = reason_len;
  if (ret_finding != NULL)
    *ret_finding = finding;
  return code;
}

/* How much of reason fits, in whole characters. What is not UTF-8 may not be sent either (§5.5.1),
 * so the first bad byte ends it too. */
static gsize
fit_reason (const char *reason)
{
  DuplexUtf8 utf8 = DUPLEX_UTF8_INIT;
  gsize      len = strnlen (reason, DUPLEX_LIMIT_CLOSE_REASON);

  if (duplex_utf8_feed (&utf8, (const guint8 *)reason, len, NULL) &&
      duplex_utf8_is_complete (&utf8))
    return len;

  return utf8.start;
}

GBytes *
duplex_close_body_new (guint16     code,
                       const char *reason)
{
  guint8 body[CODE_SIZE + DUPLEX_LIMIT_CLOSE_REASON] = { code >> 8, code & 0xFF };
  gsize  reason_len;

  if (code == DUPLEX_CLOSE_NO_STATUS)
    return g_bytes_new_static ("", 0);

  reason_len = reason != NULL ? fit_reason (reason) : 0;
  if (reason_len > 0)
    memcpy (body + CODE_SIZE, reason, reason_len);

  return g_bytes_new (body, CODE_SIZE + reason_len);
}
