/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-profile-entry.h"

#include <string.h>

#include "core/model/duplex-profile-files.h"
#include "core/model/duplex-profile-private.h"
#include "core/proto/duplex-error.h"

void
duplex_profile_entry_free (DuplexProfileEntry *entry)
{
  g_clear_object (&entry->profile);
  g_clear_pointer (&entry->path, g_free);
  g_clear_pointer (&entry->name, g_free);
  g_clear_pointer (&entry->contents, g_bytes_unref);
  g_free (entry);
}

/* In the order of the reader's language; what is the same there still has an order. */
static int
collate (const char *a,
         const char *b)
{
  int order = g_utf8_collate (a, b);

  return order != 0 ? order : strcmp (a, b);
}

int
duplex_profile_entry_compare (const DuplexProfileEntry *a,
                              const DuplexProfileEntry *b)
{
  const char *folder_a = duplex_profile_get_folder (a->profile);
  const char *folder_b = duplex_profile_get_folder (b->profile);
  int         order;

  /* The top comes first; to a collation "" might be as good as another. */
  if (*folder_a == '\0' || *folder_b == '\0')
    order = (*folder_a != '\0') - (*folder_b != '\0');
  else
    order = collate (folder_a, folder_b);
  if (order == 0)
    order = collate (a->name, b->name);
  if (order == 0)
    order = strcmp (duplex_profile_get_id (a->profile), duplex_profile_get_id (b->profile));

  return order;
}

void
duplex_profile_entry_set_path (DuplexProfileEntry *entry,
                               const char         *path)
{
  g_autofree char *folder = duplex_profile_files_get_folder (path);
  g_autofree char *base = duplex_profile_files_get_base (path);
  g_autofree char *id = g_strdup_printf ("%s%s%s", folder, *folder != '\0' ? "/" : "", base);
  g_autofree char *shown = g_filename_display_name (id);

  if (entry->path != path)
    {
      g_free (entry->path);
      entry->path = g_strdup (path);
    }
  duplex_profile_set_id (entry->profile, shown);
}

DuplexProfile *
duplex_profile_entry_parse (GBytes  *contents,
                            GError **error)
{
  gsize       size;
  const char *text = g_bytes_get_data (contents, &size);

  return duplex_profile_from_json (text, size, error);
}

void
duplex_profile_entry_set_contents (DuplexProfileEntry *entry,
                                   GBytes             *contents,
                                   const GError       *read_error)
{
  g_autoptr (DuplexProfile) profile = NULL;
  g_autoptr (GError)        error = NULL;
  g_autofree char          *base = duplex_profile_files_get_base (entry->path);
  g_autofree char          *shown = g_filename_display_name (base);

  if (contents != NULL)
    profile = duplex_profile_entry_parse (contents, &error);
  else
    error = g_error_copy (read_error);

  if (profile != NULL && !g_utf8_validate (entry->path, -1, NULL))
    {
      /* Its id, which others keep, would not lead back to it. */
      g_clear_object (&profile);
      g_set_error (&error, DUPLEX_ERROR, DUPLEX_ERROR_IO, "The name of the file is not UTF-8");
    }

  g_object_freeze_notify (G_OBJECT (entry->profile));
  if (profile != NULL)
    duplex_profile_assign (entry->profile, profile);
  if (profile == NULL || *duplex_profile_get_name (profile) == '\0')
    duplex_profile_set_name (entry->profile, shown);
  duplex_profile_set_error (entry->profile, error != NULL ? error->message : NULL);
  g_object_thaw_notify (G_OBJECT (entry->profile));

  g_free (entry->name);
  entry->name = g_strdup (duplex_profile_get_name (entry->profile));
  g_clear_pointer (&entry->contents, g_bytes_unref);
  entry->contents = contents != NULL ? g_bytes_ref (contents) : NULL;
}

DuplexProfileEntry *
duplex_profile_entry_new (DuplexProfile *profile,
                          const char    *path,
                          GBytes        *contents,
                          const GError  *read_error)
{
  DuplexProfileEntry *entry = g_new0 (DuplexProfileEntry, 1);

  entry->profile = profile != NULL ? g_object_ref (profile) : duplex_profile_new (NULL, NULL);
  duplex_profile_entry_set_path (entry, path);
  duplex_profile_entry_set_contents (entry, contents, read_error);

  return entry;
}
