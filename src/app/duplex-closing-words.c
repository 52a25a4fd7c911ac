/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "app/duplex-closing-words.h"

#include <glib/gi18n.h>
#include <string.h>

#include "app/duplex-texts.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-limits.h"

/* What a Close says. */
typedef struct
{
  guint       code;
  const char *reason; /* "" for none */
} Close;

/* Whether to say that, where the first said something already. */
static gboolean
has_own_reason (const Close *answer,
                const Close *first)
{
  return *answer->reason != '\0' && strcmp (answer->reason, first->reason) != 0;
}

static char *
describe (guint       code,
          const char *reason)
{
  g_autofree char *text = duplex_text_close_code (code);

  if (reason == NULL)
    return g_steal_pointer (&text);
  /* Translators: a close code with its name, and the reason that was sent with it, quoted. */
  return g_strdup_printf (_ ("%s “%s”"), text, reason);
}

static char *
with_reason (const char *sentence,
             const char *reason)
{
  if (*reason == '\0')
    return g_strdup (sentence);

  /* Translators: a sentence, then the reason that was given. */
  return g_strdup_printf (_ ("%s: %s"), sentence, reason);
}

/* Nobody sent a Close, or it is not known which was the first: in older recordings, and where some
 * of the bytes are missing. */
static char *
tell_end (guint       code,
          const char *reason)
{
  g_autofree char *code_text = NULL;
  g_autofree char *sentence = NULL;

  if (code != DUPLEX_CLOSE_ABNORMAL)
    return duplex_text_closed (code, reason);

  code_text = duplex_text_close_code (code);
  /* Translators: %s is a close code with its name. */
  sentence = g_strdup_printf (_ ("The connection ended without a Close (%s)"), code_text);
  return with_reason (sentence, reason);
}

/* The Close that was waited for did not come. */
static char *
tell_silence (gboolean    of_server,
              const char *time)
{
  g_autofree char *code = duplex_text_close_code (DUPLEX_CLOSE_ABNORMAL);

  if (of_server)
    /* Translators: a close code with its name, and a time: "after 2 ms". */
    return g_strdup_printf (_ ("Closed without a Close of the server (%s) after %s"), code, time);

  /* Translators: a close code with its name, and a time: "after 2 ms". */
  return g_strdup_printf (_ ("Closed without a Close of the client (%s) after %s"), code, time);
}

/* What the first said is not known: in older recordings, or because it did not leave. */
static char *
tell_unknown (gboolean    by_server,
              guint       code,
              const char *time)
{
  g_autofree char *text = duplex_text_close_code (code);

  if (by_server)
    /* Translators: a close code with its name, and a time: "after 2 ms". */
    return g_strdup_printf (_ ("Closed by the server (%s) after %s"), text, time);

  /* Translators: a close code with its name, and a time: "after 2 ms". */
  return g_strdup_printf (_ ("Closed by the client (%s) after %s"), text, time);
}

static char *
tell_first (gboolean     by_server,
            const Close *first,
            const char  *time)
{
  g_autofree char *text = duplex_text_close_code (first->code);

  if (by_server)
    /* Translators: a close code with its name, and a time: "after 2 ms". */
    return g_strdup_printf (_ ("Closed by the server with %s after %s"), text, time);

  /* Translators: a close code with its name, and a time: "after 2 ms". */
  return g_strdup_printf (_ ("Closed by the client with %s after %s"), text, time);
}

static char *
tell_unanswered (gboolean     by_server,
                 const Close *first,
                 const char  *time)
{
  g_autofree char *text = duplex_text_close_code (first->code);

  if (by_server)
    /* Translators: a close code with its name, and a time: "after 2 ms". */
    return g_strdup_printf (_ ("Closed by the server with %s, not answered, after %s"), text, time);

  /* Translators: a close code with its name, and a time: "after 2 ms". */
  return g_strdup_printf (_ ("Closed by the client with %s, not answered, after %s"), text, time);
}

/* An answer that says the same is not worth a word. */
static char *
tell_answered (gboolean     by_server,
               const Close *first,
               const Close *answer,
               const char  *time)
{
  gboolean         own_reason = has_own_reason (answer, first);
  g_autofree char *said = NULL;
  g_autofree char *answered = NULL;

  if (answer->code == first->code && !own_reason)
    return tell_first (by_server, first, time);

  said = duplex_text_close_code (first->code);
  answered = describe (answer->code, own_reason ? answer->reason : NULL);
  if (by_server)
    /* Translators: the close code of each, with its name, and a time: "after 2 ms". */
    return g_strdup_printf (_ ("Closed by the server with %s, answered with %s, after %s"), said,
                            answered, time);

  /* Translators: the close code of each, with its name, and a time: "after 2 ms". */
  return g_strdup_printf (_ ("Closed by the client with %s, answered with %s, after %s"), said,
                          answered, time);
}

/* UTF-8 by its making, and checked all the same, as its length is: files come from anywhere. */
static char *
dup_sent_reason (const DuplexEvent *event)
{
  gsize size = MIN (event->sent_reason_size, DUPLEX_LIMIT_CLOSE_REASON);

  return size > 0 ? g_utf8_make_valid (event->sent_reason, (gssize)size) : g_strdup ("");
}

char *
duplex_closing_words_dup (const DuplexEvent *event,
                          const char        *reason)
{
  gboolean         by_peer = (event->flags & DUPLEX_EVENT_FLAG_PEER) != 0;
  gboolean         is_server = (event->flags & DUPLEX_EVENT_FLAG_SERVER) != 0;
  gboolean         by_server = by_peer != is_server;
  g_autofree char *sent_reason = dup_sent_reason (event);
  g_autofree char *time = duplex_text_duration ((gint64)MIN (event->message_size, G_MAXINT64));
  g_autofree char *sentence = NULL;
  Close            came = { (guint)CLAMP (event->value, 0, G_MAXUINT16), reason };
  Close            sent = { event->sent_code, sent_reason };
  gboolean         has_come = came.code != DUPLEX_CLOSE_ABNORMAL;
  gboolean         was_sent = sent.code != DUPLEX_CLOSE_NONE;

  if (event->message_size == 0)
    return tell_end (came.code, reason);

  if (!has_come && (by_peer || !was_sent))
    sentence = tell_silence (!is_server, time);
  else if (by_peer && was_sent)
    sentence = tell_answered (by_server, &came, &sent, time);
  else if (by_peer)
    sentence = tell_first (by_server, &came, time);
  else if (!was_sent)
    sentence = tell_unknown (by_server, came.code, time);
  else if (has_come)
    sentence = tell_answered (by_server, &sent, &came, time);
  else
    sentence = tell_unanswered (by_server, &sent, time);

  return with_reason (sentence, by_peer || !was_sent ? reason : sent_reason);
}
