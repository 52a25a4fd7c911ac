/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-history-texts.h"

#include <glib/gi18n.h>
#include <string.h>

#include "app/duplex-texts.h"
#include "core/proto/duplex-close-code.h"

/* How the last connection of a session went. */
typedef enum {
  OUTCOME_NONE,     /* nothing was tried */
  OUTCOME_NORMAL,   /* closed as RFC 6455 wants it */
  OUTCOME_ABNORMAL, /* closed with another code */
  OUTCOME_LOST,     /* ended without a Close */
  OUTCOME_FAILED,   /* could not be made, or broke */
  OUTCOME_OPEN,     /* the recording ended first */
} Outcome;

static Outcome
get_outcome (const DuplexCaptureSummary *summary)
{
  switch (summary->close_code)
    {
    case DUPLEX_CLOSE_NORMAL:
    case DUPLEX_CLOSE_GOING_AWAY:
    case DUPLEX_CLOSE_NO_STATUS:
      /* A server that broke the protocol may answer our Close 1002 with any code. */
      return summary->error != NULL ? OUTCOME_FAILED : OUTCOME_NORMAL;
    case DUPLEX_CLOSE_ABNORMAL:
      return OUTCOME_LOST;
    case -1:
      break;
    default:
      return OUTCOME_ABNORMAL;
    }

  if (summary->error != NULL)
    return OUTCOME_FAILED;
  return summary->url != NULL ? OUTCOME_OPEN : OUTCOME_NONE;
}

char *
duplex_text_history_name (DuplexHistoryEntry *entry)
{
  const char *name = duplex_history_entry_get_name (entry);
  const char *url = duplex_history_entry_get_summary (entry)->url;

  /* The URL stands below it. */
  return g_strcmp0 (name, url) == 0 ? duplex_text_host (url) : g_strdup (name);
}

char *
duplex_text_file_size (guint64 bytes)
{
  return g_format_size_full (bytes, G_FORMAT_SIZE_IEC_UNITS);
}

/* Days since the beginning of the calendar, in local time. */
static int
get_day (GDateTime *time)
{
  g_autoptr (GDate) date = g_date_new_dmy (g_date_time_get_day_of_month (time),
                                           g_date_time_get_month (time),
                                           g_date_time_get_year (time));

  return (int)g_date_get_julian (date);
}

char *
duplex_text_when (gint64     time_us,
                  GDateTime *now)
{
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (time_us / G_USEC_PER_SEC);
  int                   days;

  if (time == NULL)
    return g_strdup ("");

  days = get_day (now) - get_day (time);
  if (days == 0)
    /* Translators: a time of day, for strftime. */
    return g_date_time_format (time, _ ("Today, %H:%M"));
  if (days == 1)
    return g_date_time_format (time, _ ("Yesterday, %H:%M"));
  if (g_date_time_get_year (time) == g_date_time_get_year (now))
    /* Translators: a day of this year and the time, for strftime: 4 May, 14:03. */
    return g_date_time_format (time, _ ("%-d %B, %H:%M"));
  return g_date_time_format (time, _ ("%-d %B %Y, %H:%M"));
}

static char *
dup_outcome (const DuplexCaptureSummary *summary)
{
  g_autofree char *detail = NULL;
  gsize            len;

  switch (get_outcome (summary))
    {
    case OUTCOME_NORMAL:
      return g_strdup (_ ("Closed normally"));
    case OUTCOME_ABNORMAL:
      detail = duplex_text_close_code (summary->close_code);
      /* Translators: %s is a close code and its name, "1011 Internal Error". */
      return g_strdup_printf (_ ("Closed with %s"), detail);
    case OUTCOME_LOST:
      return g_strdup (_ ("Connection lost"));
    case OUTCOME_FAILED:
      /* A sentence now and then, which has no place in a line of facts. */
      len = strlen (summary->error);
      if (len > 0 && summary->error[len - 1] == '.')
        len--;
      detail = g_strndup (summary->error, len);
      /* Translators: %s says why. */
      return g_strdup_printf (_ ("Failed: %s"), detail);
    case OUTCOME_OPEN:
      return g_strdup (_ ("Connection was still open"));
    case OUTCOME_NONE:
    default:
      return g_strdup (_ ("Never connected"));
    }
}

char *
duplex_text_history_end (DuplexHistoryEntry *entry)
{
  switch (duplex_history_entry_get_state (entry))
    {
    case DUPLEX_HISTORY_LIVE:
      return g_strdup (_ ("Recording"));
    case DUPLEX_HISTORY_INTERRUPTED:
      return g_strdup (_ ("Recording was interrupted"));
    case DUPLEX_HISTORY_UNREADABLE:
      return g_strdup (_ ("Cannot be read"));
    case DUPLEX_HISTORY_FINISHED:
    default:
      return dup_outcome (duplex_history_entry_get_summary (entry));
    }
}

const char *
duplex_text_history_icon (DuplexHistoryEntry *entry)
{
  switch (duplex_history_entry_get_state (entry))
    {
    case DUPLEX_HISTORY_LIVE:
      return "media-record-symbolic";
    case DUPLEX_HISTORY_INTERRUPTED:
      return "dialog-warning-symbolic";
    case DUPLEX_HISTORY_UNREADABLE:
      return "dialog-error-symbolic";
    case DUPLEX_HISTORY_FINISHED:
    default:
      break;
    }

  switch (get_outcome (duplex_history_entry_get_summary (entry)))
    {
    case OUTCOME_NORMAL:
      return "emblem-ok-symbolic";
    case OUTCOME_ABNORMAL:
    case OUTCOME_LOST:
      return "dialog-warning-symbolic";
    case OUTCOME_FAILED:
      return "network-offline-symbolic";
    case OUTCOME_OPEN:
    case OUTCOME_NONE:
    default:
      return "media-playback-stop-symbolic";
    }
}

const char *
duplex_text_history_style (DuplexHistoryEntry *entry)
{
  switch (duplex_history_entry_get_state (entry))
    {
    case DUPLEX_HISTORY_LIVE:
    case DUPLEX_HISTORY_UNREADABLE:
      return "error";
    case DUPLEX_HISTORY_INTERRUPTED:
      return "warning";
    case DUPLEX_HISTORY_FINISHED:
    default:
      break;
    }

  switch (get_outcome (duplex_history_entry_get_summary (entry)))
    {
    case OUTCOME_NORMAL:
      return "success";
    case OUTCOME_ABNORMAL:
    case OUTCOME_LOST:
    case OUTCOME_FAILED:
      return "warning";
    case OUTCOME_OPEN:
    case OUTCOME_NONE:
    default:
      return "dim-label";
    }
}

char *
duplex_text_capture_error (const GError *error)
{
  const char *sentence;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA))
    sentence = _ ("This is not a capture of Duplex");
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    sentence = _ ("This capture was made by a newer version of Duplex");
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    sentence = _ ("There is no such file");
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED))
    sentence = _ ("This file may not be read");
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE))
    sentence = _ ("The disk is full");
  else
    return duplex_text_error (error);

  /* Translators: a sentence, and what the error says in detail. */
  return g_strdup_printf (_ ("%s: %s"), sentence, error->message);
}

/* All sessions of the list are in one folder: its name is no news. */
static char *
dup_reason (DuplexHistoryEntry *entry,
            const GError       *error)
{
  const char         *path = duplex_history_entry_get_path (entry);
  g_autofree char    *base = g_path_get_basename (path);
  g_autofree char    *text = duplex_text_capture_error (error);
  g_autoptr (GString) reason = g_string_new (text);

  g_string_replace (reason, path, base, 0);
  return g_utf8_make_valid (reason->str, (gssize)reason->len);
}

char *
duplex_text_history_place (DuplexHistoryEntry *entry)
{
  const GError *error = duplex_history_entry_get_error (entry);
  const char   *url = duplex_history_entry_get_summary (entry)->url;

  if (error != NULL)
    return dup_reason (entry, error);
  return g_strdup (url != NULL ? url : "");
}

static void
append (GString    *text,
        const char *between,
        const char *part)
{
  if (text->len > 0 && *part != '\0')
    g_string_append (text, between);
  g_string_append (text, part);
}

static void
append_loss (GString                    *text,
             const char                 *between,
             const DuplexCaptureSummary *summary)
{
  g_autofree char *number = NULL;
  g_autofree char *part = NULL;

  if (summary->n_not_kept == 0)
    return;

  number = duplex_text_count (summary->n_not_kept);
  part = g_strdup_printf (
    ngettext ("%s event not kept", "%s events not kept", (gulong)summary->n_not_kept), number);
  append (text, between, part);
}

/* Nobody compares sessions by the millisecond. */
static char *
dup_duration (const DuplexCaptureSummary *summary)
{
  gint64 us = MAX (summary->last_us - summary->created_us, 0);

  if (us < G_USEC_PER_SEC * 60)
    return g_strdup_printf (_ ("%d s"), (int)(us / G_USEC_PER_SEC));
  return duplex_text_duration (us);
}

/* Whether there was anything to last, and to be counted. */
static gboolean
has_conversation (DuplexHistoryEntry *entry)
{
  const DuplexCaptureSummary *summary = duplex_history_entry_get_summary (entry);
  Outcome                     outcome = get_outcome (summary);

  return duplex_history_entry_get_error (entry) == NULL &&
         (summary->totals.messages[0] > 0 || summary->totals.messages[1] > 0 ||
          (outcome != OUTCOME_NONE && outcome != OUTCOME_FAILED));
}

char *
duplex_text_history_facts (DuplexHistoryEntry *entry)
{
  const DuplexCaptureSummary *summary = duplex_history_entry_get_summary (entry);
  GString                    *text = g_string_new (NULL);
  g_autofree char            *end = duplex_text_history_end (entry);
  g_autofree char            *size = NULL;
  g_autofree char            *sent = duplex_text_count (summary->totals.messages[0]);
  g_autofree char            *received = duplex_text_count (summary->totals.messages[1]);

  size = duplex_text_file_size (duplex_history_entry_get_stamp (entry)->bytes);
  append (text, "", end);
  if (has_conversation (entry))
    {
      g_autofree char *duration = dup_duration (summary);
      g_autofree char *messages = g_strdup_printf ("↑ %s  ↓ %s", sent, received);

      append (text, " · ", duration);
      append (text, " · ", messages);
    }
  append_loss (text, " · ", summary);
  append (text, " · ", size);
  return g_string_free (text, FALSE);
}

/* In words: arrows are not spoken. */
static char *
dup_messages (const DuplexCaptureSummary *summary)
{
  gulong           n_sent = (gulong)summary->totals.messages[0];
  gulong           n_received = (gulong)summary->totals.messages[1];
  g_autofree char *sent = duplex_text_count (n_sent);
  g_autofree char *received = duplex_text_count (n_received);
  g_autofree char *first =
    g_strdup_printf (ngettext ("%s message sent", "%s messages sent", n_sent), sent);
  g_autofree char *second = g_strdup_printf (
    ngettext ("%s message received", "%s messages received", n_received), received);

  return g_strdup_printf ("%s, %s", first, second);
}

char *
duplex_text_history_label (DuplexHistoryEntry *entry,
                           GDateTime          *now)
{
  const DuplexCaptureSummary *summary = duplex_history_entry_get_summary (entry);
  g_autofree char            *name = duplex_text_history_name (entry);
  GString                    *text = g_string_new (name);
  g_autofree char            *end = duplex_text_history_end (entry);
  g_autofree char            *place = duplex_text_history_place (entry);
  g_autofree char            *when = NULL;
  g_autofree char            *size = NULL;

  when = duplex_text_when (duplex_history_entry_get_created (entry), now);
  size = duplex_text_file_size (duplex_history_entry_get_stamp (entry)->bytes);
  append (text, ", ", end);
  append (text, ", ", when);
  append (text, ", ", place);
  if (has_conversation (entry))
    {
      g_autofree char *duration = dup_duration (summary);
      g_autofree char *messages = dup_messages (summary);

      append (text, ", ", duration);
      append (text, ", ", messages);
    }
  append_loss (text, ", ", summary);
  append (text, ", ", size);
  return g_string_free (text, FALSE);
}

char *
duplex_text_dropped (guint   count,
                     guint64 bytes,
                     guint64 budget)
{
  g_autofree char *number = duplex_text_count (count);
  g_autofree char *size = duplex_text_file_size (bytes);
  g_autofree char *limit = duplex_text_file_size (budget);

  /* Translators: a number of sessions, their size, the size that all may have. */
  return g_strdup_printf (ngettext ("%s old session (%s) was removed to stay within %s",
                                    "%s old sessions (%s) were removed to stay within %s", count),
                          number, size, limit);
}

char *
duplex_text_history_sum (guint   count,
                         guint64 bytes,
                         guint64 budget)
{
  g_autofree char *number = duplex_text_count (count);
  g_autofree char *size = duplex_text_file_size (bytes);
  g_autofree char *limit = duplex_text_file_size (budget);

  /* Translators: a number of sessions, their size, the size that all may have. */
  return g_strdup_printf (ngettext ("%s session, %s of %s", "%s sessions, %s of %s", count), number,
                          size, limit);
}
