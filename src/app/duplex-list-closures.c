/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-list-closures.h"

#include <glib/gi18n.h>

#include "app/duplex-texts.h"

char *
duplex_closure_new_messages (gpointer instance,
                             guint    n_new)
{
  g_autofree char *count = duplex_text_count (n_new);

  if (n_new == 0)
    return g_strdup (_ ("Latest"));

  /* Translators: on the button that scrolls down to messages that came meanwhile */
  return g_strdup_printf (ngettext ("%s new", "%s new", n_new), count);
}
