/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-profile-files.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/proto/duplex-error.h"

#define SUFFIX ".json"

/* A file system's name has 255 bytes; this leaves room for the suffix and what the atomic write
 * puts behind that. */
#define MAX_NAME 200

/* Levels of folders. Deeper ones are no one's order but a mistake. */
#define MAX_DEPTH 8

static gboolean
fail (GError    **error,
      const char *what,
      const char *path,
      int         saved_errno)
{
  g_autofree char *shown = g_filename_display_name (path);

  g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_IO, "Cannot %s %s: %s", what, shown,
               g_strerror (saved_errno));

  return FALSE;
}

/* Cuts text to at most max bytes, between characters. */
static void
cut (GString *text,
     gsize    max)
{
  if (text->len <= max)
    return;

  g_string_truncate (text, g_utf8_find_prev_char (text->str, text->str + max + 1) - text->str);
}

char *
duplex_profile_files_safe_name (const char *name)
{
  g_autofree char *valid = g_strstrip (g_utf8_make_valid (name, -1));
  GString         *safe = g_string_new (NULL);

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == '/' || g_unichar_iscntrl (c))
        g_string_append_c (safe, '_');
      else
        g_string_append_unichar (safe, c);
    }

  cut (safe, MAX_NAME);
  /* A leading dot hides a file, and one or two alone are folders. */
  if (safe->str[0] == '.')
    safe->str[0] = '_';
  if (safe->len == 0)
    g_string_append (safe, "profile");

  return g_string_free (safe, FALSE);
}

char *
duplex_profile_files_safe_folder (const char *folder)
{
  g_auto (GStrv) levels = g_strsplit (folder, "/", -1);
  GString       *safe = g_string_new (NULL);
  guint          depth = 0;

  for (guint i = 0; levels[i] != NULL && depth < MAX_DEPTH; i++)
    {
      g_autofree char *level = NULL;

      if (*levels[i] == '\0')
        continue;
      level = duplex_profile_files_safe_name (levels[i]);
      if (safe->len > 0)
        g_string_append_c (safe, '/');
      g_string_append (safe, level);
      depth++;
    }

  return g_string_free (safe, FALSE);
}

gboolean
duplex_profile_files_exists (const char *root,
                             const char *path)
{
  g_autofree char *full = g_build_filename (root, path, NULL);
  GStatBuf         info;

  return g_lstat (full, &info) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

char *
duplex_profile_files_get_free_path (const char *root,
                                    const char *folder,
                                    const char *name)
{
  g_autofree char *safe = duplex_profile_files_safe_name (name);

  for (guint i = 1;; i++)
    {
      g_autofree char    *number = i > 1 ? g_strdup_printf (" %u", i) : g_strdup ("");
      g_autoptr (GString) base = g_string_new (safe);
      g_autofree char    *path = NULL;

      cut (base, MAX_NAME - strlen (number));
      path = g_strdup_printf ("%s%s%s%s" SUFFIX, folder, *folder != '\0' ? "/" : "", base->str,
                              number);
      /* A path that cannot be looked at is as good as any: writing says what is wrong. */
      if (i == G_MAXUINT16 || !duplex_profile_files_exists (root, path))
        return g_steal_pointer (&path);
    }
}

char *
duplex_profile_files_get_folder (const char *path)
{
  const char *slash = strrchr (path, '/');

  return slash != NULL ? g_strndup (path, slash - path) : g_strdup ("");
}

char *
duplex_profile_files_get_base (const char *path)
{
  const char *slash = strrchr (path, '/');
  const char *base = slash != NULL ? slash + 1 : path;

  return g_strndup (base, strlen (base) - (g_str_has_suffix (base, SUFFIX) ? strlen (SUFFIX) : 0));
}

static void
scan_folder (const char *root,
             GDir       *dir,
             const char *folder,
             guint       depth,
             GPtrArray  *paths,
             GPtrArray  *folders)
{
  const char *name;

  g_ptr_array_add (folders, g_strdup (folder));

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = NULL;
      g_autofree char *full = NULL;
      GStatBuf         info;

      if (name[0] == '.')
        continue;
      path = *folder != '\0' ? g_build_filename (folder, name, NULL) : g_strdup (name);
      full = g_build_filename (root, path, NULL);
      if (g_lstat (full, &info) != 0)
        continue;

      /* Links to folders are not followed: they may lead in a circle. */
      if (S_ISDIR (info.st_mode) && depth < MAX_DEPTH)
        {
          GDir *child = g_dir_open (full, 0, NULL);

          if (child != NULL)
            {
              scan_folder (root, child, path, depth + 1, paths, folders);
              g_dir_close (child);
            }
        }
      else if (!S_ISDIR (info.st_mode) && g_str_has_suffix (name, SUFFIX))
        {
          g_ptr_array_add (paths, g_steal_pointer (&path));
        }
    }
}

gboolean
duplex_profile_files_scan (const char *root,
                           GPtrArray  *paths,
                           GPtrArray  *folders,
                           GError    **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GDir)   dir = g_dir_open (root, 0, &local_error);

  if (dir == NULL)
    {
      g_set_error_literal (error, DUPLEX_ERROR, DUPLEX_ERROR_IO, local_error->message);
      return FALSE;
    }

  scan_folder (root, dir, "", 0, paths, folders);

  return TRUE;
}

GBytes *
duplex_profile_files_read (const char *root,
                           const char *path,
                           guint64     max,
                           GError    **error)
{
  g_autofree char   *full = g_build_filename (root, path, NULL);
  g_autoptr (GError) local_error = NULL;
  GStatBuf           info;
  char              *contents;
  gsize              len;

  if (g_stat (full, &info) != 0)
    {
      fail (error, "read", full, errno);
      return NULL;
    }
  /* A pipe by that name would block. */
  if (!S_ISREG (info.st_mode))
    {
      fail (error, "read", full, S_ISDIR (info.st_mode) ? EISDIR : EINVAL);
      return NULL;
    }
  if ((guint64)info.st_size > max)
    {
      g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_TOO_BIG,
                   "%" G_GUINT64_FORMAT " bytes are over the limit of %" G_GUINT64_FORMAT,
                   (guint64)info.st_size, max);
      return NULL;
    }
  if (!g_file_get_contents (full, &contents, &len, &local_error))
    {
      g_set_error_literal (error, DUPLEX_ERROR, DUPLEX_ERROR_IO, local_error->message);
      return NULL;
    }

  return g_bytes_new_take (contents, len);
}

gboolean
duplex_profile_files_write (const char *root,
                            const char *path,
                            GBytes     *contents,
                            GError    **error)
{
  g_autofree char   *full = g_build_filename (root, path, NULL);
  g_autofree char   *folder = g_path_get_dirname (full);
  g_autoptr (GError) local_error = NULL;
  GStatBuf           info;
  const char        *data;
  gsize              len;
  int                mode = 0600;

  if (g_mkdir_with_parents (folder, 0700) != 0)
    return fail (error, "make", folder, errno);

  if (g_stat (full, &info) == 0)
    mode = info.st_mode & 0777;
  if (g_file_test (full, G_FILE_TEST_IS_SYMLINK))
    {
      char *target = realpath (full, NULL);

      if (target != NULL)
        {
          g_free (full);
          full = g_strdup (target);
          free (target);
        }
    }

  data = g_bytes_get_data (contents, &len);
  if (!g_file_set_contents_full (full, data != NULL ? data : "", len,
                                 G_FILE_SET_CONTENTS_CONSISTENT, mode, &local_error))
    {
      g_set_error_literal (error, DUPLEX_ERROR, DUPLEX_ERROR_IO, local_error->message);
      return FALSE;
    }

  return TRUE;
}

gboolean
duplex_profile_files_remove (const char *root,
                             const char *path,
                             GError    **error)
{
  g_autofree char *full = g_build_filename (root, path, NULL);

  if (g_unlink (full) == 0 || errno == ENOENT)
    return TRUE;

  return fail (error, "delete", full, errno);
}
