/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fuzz.h"

#include <string.h>

#include "core/model/duplex-profile.h"
#include "core/proto/duplex-error.h"

/* What was written is read as the same profile, and written as the same text. */
static void
check_written (DuplexProfile *profile)
{
  g_autofree char          *text = duplex_profile_to_json (profile);
  g_autofree char          *text_again = NULL;
  g_autoptr (DuplexProfile) again = NULL;
  g_autoptr (GError)        error = NULL;

  g_assert_true (g_utf8_validate (text, -1, NULL));
  again = duplex_profile_from_json (text, strlen (text), &error);
  g_assert_no_error (error);
  g_assert_true (duplex_profile_has_same_settings (profile, again));
  text_again = duplex_profile_to_json (again);
  g_assert_cmpstr (text, ==, text_again);
}

int
LLVMFuzzerTestOneInput (const guint8 *data,
                        gsize         size)
{
  g_autoptr (DuplexProfile) profile = NULL;
  g_autoptr (DuplexProfile) copy = NULL;
  g_autoptr (GError)        error = NULL;

  profile = duplex_profile_from_json ((const char *)data, size, &error);
  if (profile == NULL)
    {
      g_assert_true (error->domain == DUPLEX_ERROR);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return 0;
    }

  g_assert_no_error (error);
  check_written (profile);
  copy = duplex_profile_copy (profile);
  check_written (copy);
  return 0;
}
