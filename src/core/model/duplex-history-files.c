/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-history-files.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "core/model/duplex-redact.h"

/* Names stay far below the 255 bytes of file systems, and readable in a list. */
#define SLUG_MAX    48

#define AWAY_PREFIX ".deleted-"

/* How long making a recording's files may take on a busy machine, generously. */
#define NEW_US (60 * G_USEC_PER_SEC)

/* The capture itself comes first. */
static const char *const companions[] = { "", "-wal", "-shm" };

/* -- names ------------------------------------------------------------------------------------- */

/* Of a URL that has one: what stands between "://" and the path, without the user information,
 * which may be a password. Of what is no URL, all but secrets. */
static char *
dup_host (const char *name)
{
  const char *host = strstr (name, "://");
  gsize       len;

  if (host == NULL)
    return duplex_redact_dup_text (name);
  host += strlen ("://");
  len = strcspn (host, "/?#");
  for (gsize i = len; i-- > 0;)
    if (host[i] == '@')
      return g_strndup (host + i + 1, len - i - 1);
  return g_strndup (host, len);
}

/* Letters and digits of any script, in lower case; all else becomes one dash. */
static char *
dup_slug (const char *name)
{
  g_autofree char    *valid = g_utf8_make_valid (name != NULL ? name : "", -1);
  g_autofree char    *host = dup_host (valid);
  g_autoptr (GString) slug = g_string_new (NULL);

  for (const char *p = host; *p != '\0' && slug->len < SLUG_MAX; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (g_unichar_isalnum (c))
        g_string_append_unichar (slug, g_unichar_tolower (c));
      else if (slug->len > 0 && slug->str[slug->len - 1] != '-')
        g_string_append_c (slug, '-');
    }
  if (slug->len > 0 && slug->str[slug->len - 1] == '-')
    g_string_truncate (slug, slug->len - 1);
  if (slug->len == 0)
    g_string_append (slug, "session");
  return g_string_free (g_steal_pointer (&slug), FALSE);
}

/* Where a capture is while it is taken away. */
static char *
dup_away_path (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *base = g_path_get_basename (path);

  return g_strdup_printf ("%s/" AWAY_PREFIX "%s", folder, base);
}

static gboolean
exists (const char *path)
{
  struct stat info;

  return lstat (path, &info) == 0;
}

static gboolean
is_taken (const char *path)
{
  g_autofree char *away = dup_away_path (path);

  if (exists (away))
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (companions); i++)
    {
      g_autofree char *file = g_strconcat (path, companions[i], NULL);

      if (exists (file))
        return TRUE;
    }
  return FALSE;
}

char *
duplex_history_files_make_path (const char *folder,
                                const char *name,
                                GDateTime  *when)
{
  g_autofree char *slug = dup_slug (name);
  g_autofree char *time = g_date_time_format (when, "%Y-%m-%dT%H%M%S");
  char            *path = g_strdup_printf ("%s/%s-%s" DUPLEX_HISTORY_SUFFIX, folder, time, slug);

  for (guint i = 2; is_taken (path); i++)
    {
      g_free (path);
      path = g_strdup_printf ("%s/%s-%s-%u" DUPLEX_HISTORY_SUFFIX, folder, time, slug, i);
    }
  return path;
}

char *
duplex_history_new_path (const char *folder,
                         const char *name)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();

  g_return_val_if_fail (folder != NULL, NULL);

  return duplex_history_files_make_path (folder, name, now);
}

/* -- looking ----------------------------------------------------------------------------------- */

gboolean
duplex_history_files_stat (const char         *path,
                           DuplexHistoryStamp *ret_stamp)
{
  DuplexHistoryStamp stamp = { 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (companions); i++)
    {
      g_autofree char *file = g_strconcat (path, companions[i], NULL);
      struct stat      info;

      if (stat (file, &info) != 0)
        {
          if (i == 0)
            return FALSE;
          continue;
        }
      stamp.bytes += info.st_size;
      /* Readers change the -shm, too. */
      if (i < 2)
        stamp.mtime_us = MAX (stamp.mtime_us, info.st_mtim.tv_sec * G_USEC_PER_SEC +
                                                info.st_mtim.tv_nsec / 1000);
    }
  *ret_stamp = stamp;
  return TRUE;
}

GPtrArray *
duplex_history_files_list (const char *folder,
                           GError    **error)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GError)    local_error = NULL;
  g_autoptr (GDir)      dir = g_dir_open (folder, 0, &local_error);
  const char           *name;

  if (dir == NULL)
    {
      if (g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return g_steal_pointer (&paths);
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }

  while ((name = g_dir_read_name (dir)) != NULL)
    if (*name != '.' && g_str_has_suffix (name, DUPLEX_HISTORY_SUFFIX))
      g_ptr_array_add (paths, g_build_filename (folder, name, NULL));
  return g_steal_pointer (&paths);
}

gboolean
duplex_history_files_is_recorded (const char *path)
{
  g_autofree char *wal = g_strconcat (path, "-wal", NULL);
  int              fd = g_open (wal, O_RDONLY | O_CLOEXEC, 0);
  gboolean         is_recorded;

  if (fd < 0)
    return FALSE;

  is_recorded = flock (fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  close (fd);
  return is_recorded;
}

/* Nothing that has just been made. */
static gboolean
is_old (const char *path)
{
  DuplexHistoryStamp stamp;

  return duplex_history_files_stat (path, &stamp) &&
         stamp.mtime_us < g_get_real_time () - NEW_US;
}

/* -- removing ---------------------------------------------------------------------------------- */

static gboolean
fail (GError    **error,
      const char *what,
      const char *path,
      int         code)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (code), "%s could not be %s: %s", path,
               what, g_strerror (code));
  return FALSE;
}

static gboolean
move_one (const char *from,
          const char *to,
          const char *companion,
          GError    **error)
{
  g_autofree char *source = g_strconcat (from, companion, NULL);
  g_autofree char *target = g_strconcat (to, companion, NULL);

  if (g_rename (source, target) == 0 || (*companion != '\0' && errno == ENOENT))
    return TRUE;
  return fail (error, "renamed", source, errno);
}

static gboolean
remove_files (const char *path,
              GError    **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (companions); i++)
    {
      g_autofree char *file = g_strconcat (path, companions[i], NULL);

      if (g_unlink (file) != 0 && errno != ENOENT)
        return fail (error, "removed", file, errno);
    }
  return TRUE;
}

gboolean
duplex_history_files_take_away (const char *path,
                                GError    **error)
{
  g_autofree char *away = dup_away_path (path);

  /* The capture goes first and comes last: where that is broken off, bringing it back makes it
   * whole again. */
  for (gsize i = 0; i < G_N_ELEMENTS (companions); i++)
    if (!move_one (path, away, companions[i], error))
      return FALSE;
  return TRUE;
}

gboolean
duplex_history_files_bring_back (const char *path,
                                 GError    **error)
{
  g_autofree char *away = dup_away_path (path);

  if (exists (path))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS, "%s exists", path);
      return FALSE;
    }
  for (gsize i = G_N_ELEMENTS (companions); i-- > 0;)
    if (!move_one (away, path, companions[i], error))
      return FALSE;
  return TRUE;
}

gboolean
duplex_history_files_destroy (const char *path,
                              GError    **error)
{
  g_autofree char *away = dup_away_path (path);

  return remove_files (away, error);
}

int
duplex_history_files_hold (const char *folder)
{
  int fd = g_open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

  if (fd >= 0 && flock (fd, LOCK_SH | LOCK_NB) != 0)
    {
      close (fd);
      return -1;
    }
  return fd;
}

/* What belonged to one that was destroyed, by a program that died right then. */
static void
remove_leftover (const char *folder,
                 const char *name)
{
  for (gsize i = 1; i < G_N_ELEMENTS (companions); i++)
    {
      g_autofree char *capture = NULL;
      g_autofree char *leftover = NULL;
      const char      *path = name + strlen (AWAY_PREFIX);

      if (!g_str_has_suffix (name, companions[i]))
        continue;
      capture = g_strdup_printf ("%s/%.*s", folder,
                                 (int)(strlen (path) - strlen (companions[i])), path);
      leftover = g_build_filename (folder, name, NULL);
      if (!exists (capture))
        g_unlink (leftover);
    }
}

static void
recover_all (const char *folder,
             GPtrArray  *names,
             guint      *count)
{
  for (guint i = 0; i < names->len; i++)
    {
      const char      *name = g_ptr_array_index (names, i);
      g_autofree char *path = g_build_filename (folder, name + strlen (AWAY_PREFIX), NULL);

      if (g_str_has_suffix (name, DUPLEX_HISTORY_SUFFIX))
        *count += duplex_history_files_bring_back (path, NULL);
    }
  for (guint i = 0; i < names->len; i++)
    remove_leftover (folder, g_ptr_array_index (names, i));
}

guint
duplex_history_files_recover (const char *folder)
{
  g_autoptr (GPtrArray) away = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir)      dir = g_dir_open (folder, 0, NULL);
  const char           *name;
  guint                 count = 0;
  int                   fd = g_open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_prefix (name, AWAY_PREFIX))
      g_ptr_array_add (away, g_strdup (name));

  if (fd >= 0 && flock (fd, LOCK_EX | LOCK_NB) == 0)
    recover_all (folder, away, &count);
  if (fd >= 0)
    close (fd);
  return count;
}

guint
duplex_history_files_clean (const char *folder)
{
  g_autoptr (GPtrArray) paths = duplex_history_files_list (folder, NULL);
  guint                 count = 0;

  for (guint i = 0; paths != NULL && i < paths->len; i++)
    {
      const char *path = g_ptr_array_index (paths, i);

      /* A recording has its -wal, and the lock on it, a moment after its file. */
      if (duplex_history_files_is_recorded (path) || !is_old (path))
        continue;
      count += remove_files (path, NULL);
    }
  return count;
}
