/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "app/duplex-settings.h"

GSettings *
duplex_settings_new (void)
{
  GSettingsSchemaSource      *source = g_settings_schema_source_get_default ();
  g_autoptr (GSettingsSchema) schema = NULL;

  if (source != NULL)
    schema = g_settings_schema_source_lookup (source, DUPLEX_APP_ID, /* recursive= */ TRUE);
  if (schema == NULL)
    {
      g_message ("The settings schema %s is not installed; nothing will be remembered",
                 DUPLEX_APP_ID);
      return NULL;
    }

  return g_settings_new_full (schema, NULL, NULL);
}
