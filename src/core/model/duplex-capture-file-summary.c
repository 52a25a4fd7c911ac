/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/model/duplex-capture-file-private.h"

#include <string.h>
#include <sys/stat.h>

#include "core/model/duplex-profile.h"

void
duplex_capture_summary_clear (DuplexCaptureSummary *self)
{
  g_return_if_fail (self != NULL);

  g_free (self->title);
  g_free (self->profile);
  g_free (self->profile_id);
  g_free (self->url);
  g_free (self->error);
  *self = (DuplexCaptureSummary){ .close_code = -1 };
}

static guint64
get_file_size (const char *path)
{
  struct stat info;

  return stat (path, &info) == 0 ? (guint64)info.st_size : 0;
}

static gboolean
take_last_cb (const DuplexCaptureBlockInfo *info,
              gpointer                      user_data)
{
  DuplexCaptureBlockInfo *last = user_data;

  *last = *info;

  return TRUE;
}

/* FALSE where there is no block. */
static gboolean
find_last_block (DuplexCaptureFile      *self,
                 DuplexCaptureBlockInfo *ret_last)
{
  sqlite3_stmt *get = duplex_capture_file_get_statement (self, DUPLEX_STATEMENT_GET_BLOCK_BEFORE);
  int           code = SQLITE_ERROR;

  ret_last->id = 0;
  if (get != NULL && !self->is_damaged)
    {
      sqlite3_bind_int64 (get, 1, G_MAXINT64);
      code = sqlite3_step (get);
      if (code == SQLITE_ROW && !duplex_capture_file_get_info (get, ret_last))
        code = SQLITE_ERROR;
      duplex_capture_file_reset (get);
    }

  /* Where the end is missing, the last one that can be reached from the beginning. */
  if (code != SQLITE_ROW && code != SQLITE_DONE)
    {
      ret_last->id = 0;
      duplex_capture_file_walk (self, 0, /* check_data= */ FALSE, take_last_cb, ret_last, NULL);
    }

  return ret_last->id > 0;
}

static char *
dup_text (sqlite3_stmt *row,
          int           column)
{
  const char *text = (const char *)sqlite3_column_text (row, column);

  return text != NULL ? g_utf8_make_valid (text, -1) : NULL;
}

static void
read_last_connection (DuplexCaptureFile    *self,
                      DuplexCaptureSummary *summary)
{
  sqlite3_stmt *get =
    duplex_capture_file_get_statement (self, DUPLEX_STATEMENT_GET_LAST_CONNECTION);

  if (get == NULL)
    return;

  if (sqlite3_step (get) == SQLITE_ROW)
    {
      summary->url = dup_text (get, 0);
      if (sqlite3_column_type (get, 1) == SQLITE_INTEGER)
        summary->close_code = sqlite3_column_int64 (get, 1);
      summary->error = dup_text (get, 2);
    }
  duplex_capture_file_reset (get);
}

#define DEMO_SCHEME "demo:"
#define DEMO_SERVER "ws://127.0.0.1:"

/* The built-in server has another port each time: what was typed leads to it again. */
static void
name_demo (DuplexCaptureFile    *self,
           DuplexCaptureSummary *summary)
{
  g_autofree char          *json = NULL;
  g_autoptr (DuplexProfile) profile = NULL;
  const char               *url;

  if (summary->url == NULL || !g_str_has_prefix (summary->url, DEMO_SERVER))
    return;

  json = duplex_capture_file_dup_meta (self, "profile");
  if (json != NULL)
    profile = duplex_profile_from_json (json, strlen (json), NULL);
  if (profile == NULL)
    return;

  url = duplex_profile_get_url (profile);
  if (!g_str_has_prefix (url, DEMO_SCHEME) ||
      !g_str_has_suffix (summary->url, url + strlen (DEMO_SCHEME)))
    return;
  g_free (summary->url);
  summary->url = g_strdup (url);
}

gboolean
duplex_capture_file_read_summary (const char           *path,
                                  DuplexCaptureSummary *ret_summary,
                                  GError              **error)
{
  g_autoptr (DuplexCaptureFile) self = NULL;
  DuplexCaptureBlockInfo        last;

  g_return_val_if_fail (path != NULL, FALSE);
  g_return_val_if_fail (ret_summary != NULL, FALSE);

  self = duplex_capture_file_open (path, error);
  if (self == NULL)
    return FALSE;

  *ret_summary = (DuplexCaptureSummary){
    .title = duplex_capture_file_dup_meta (self, "title"),
    .profile = duplex_capture_file_dup_meta (self, "profile-name"),
    .profile_id = duplex_capture_file_dup_meta (self, "profile-id"),
    .created_us = duplex_capture_file_get_count (self, "created"),
    .n_not_kept = duplex_capture_file_get_count (self, "not-kept"),
    .file_bytes = get_file_size (self->path) + get_file_size (self->wal_path),
    .is_live = !duplex_capture_file_has_meta (self, "ended"),
    .close_code = -1,
  };
  ret_summary->last_us = ret_summary->created_us;
  if (find_last_block (self, &last))
    {
      ret_summary->last_us = last.last_time_us;
      ret_summary->totals = last.totals;
      duplex_capture_file_read_sums (self, &ret_summary->totals);
    }
  read_last_connection (self, ret_summary);
  name_demo (self, ret_summary);

  return TRUE;
}
