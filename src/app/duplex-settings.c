/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "app/duplex-settings.h"

/* MiB; the schema's. */
#define DEFAULT_BUDGET 2048

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

gboolean
duplex_settings_get_record (GSettings *settings)
{
  g_return_val_if_fail (settings == NULL || G_IS_SETTINGS (settings), TRUE);

  return settings == NULL || g_settings_get_boolean (settings, "record");
}

gboolean
duplex_settings_get_record_secrets (GSettings *settings)
{
  g_return_val_if_fail (settings == NULL || G_IS_SETTINGS (settings), FALSE);

  return settings != NULL && g_settings_get_boolean (settings, "record-secrets");
}

guint64
duplex_settings_get_budget (GSettings *settings)
{
  guint64 budget = DEFAULT_BUDGET;

  g_return_val_if_fail (settings == NULL || G_IS_SETTINGS (settings), 0);

  if (settings != NULL)
    budget = g_settings_get_uint64 (settings, "capture-budget");
  return budget * 1024 * 1024;
}
