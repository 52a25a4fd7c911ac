/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/duplex-cli-commands.h"

#include <glib/gi18n.h>
#include <string.h>

#include "cli/duplex-cli-frame.h"
#include "cli/duplex-cli-hex.h"
#include "cli/duplex-cli-status.h"
#include "core/proto/duplex-close-code.h"
#include "core/proto/duplex-error.h"

/* ---- messages ---- */

/* The payload that text stands for; NULL for what are no digits. */
static GBytes *
parse_payload (const char *text,
               gboolean    binary,
               GError    **error)
{
  GBytes *bytes;

  if (!binary)
    return g_bytes_new (text, strlen (text));
  bytes = duplex_cli_hex_parse (text, strlen (text));
  if (bytes == NULL)
    duplex_cli_refuse (error, _ ("these are not pairs of hexadecimal digits"));
  return bytes;
}

static gboolean
obey_binary (const DuplexCliCommands *self,
             const char              *rest,
             GError                 **error)
{
  g_autoptr (GBytes) bytes = parse_payload (rest, /* binary= */ TRUE, error);

  return bytes != NULL && duplex_session_send_binary (self->session, bytes, error);
}

/* Where nothing is compressed, what the points cut is known. */
static gboolean
check_points (const DuplexCliCommands *self,
              const GArray            *points,
              gsize                    size,
              GError                 **error)
{
  DuplexDeflateAgreement agreement;
  gsize                  last = g_array_index (points, gsize, points->len - 1);

  duplex_session_get_deflate (self->session, &agreement);
  if (agreement.agreed || last <= size)
    return TRUE;
  g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
               _ ("%llu is behind the end of the message, which has %llu bytes"),
               (unsigned long long)last, (unsigned long long)size);
  return FALSE;
}

static gboolean
obey_split (const DuplexCliCommands *self,
            const char              *rest,
            GError                 **error)
{
  gsize              len = strcspn (rest, " ");
  g_autofree char   *word = g_strndup (rest, len);
  g_autoptr (GArray) points = duplex_cli_frame_parse_points (word, error);
  g_autoptr (GBytes) payload = NULL;

  if (points == NULL)
    return FALSE;
  payload = parse_payload (rest[len] == ' ' ? rest + len + 1 : "", self->binary, error);
  if (payload == NULL || !check_points (self, points, g_bytes_get_size (payload), error))
    return FALSE;
  return duplex_session_send_split (self->session,
                                    self->binary ? DUPLEX_OPCODE_BINARY : DUPLEX_OPCODE_TEXT,
                                    payload, (const gsize *)(gpointer)points->data, points->len,
                                    error);
}

/* ---- files ---- */

static gboolean
start_file (const DuplexCliCommands *self,
            const char              *path,
            gboolean                 binary,
            GError                 **error)
{
  g_autofree char *whole = NULL;

  if (*path == '\0')
    return duplex_cli_refuse (error, _ ("which file?"));
  if (g_str_has_prefix (path, "~/"))
    whole = g_build_filename (g_get_home_dir (), path + 2, NULL);
  return duplex_cli_upload_start (self->upload, whole != NULL ? whole : path, binary, error);
}

static gboolean
obey_file (const DuplexCliCommands *self,
           const char              *rest,
           GError                 **error)
{
  return start_file (self, rest, self->binary, error);
}

static gboolean
obey_binfile (const DuplexCliCommands *self,
              const char              *rest,
              GError                 **error)
{
  return start_file (self, rest, /* binary= */ TRUE, error);
}

static gboolean
obey_cancel (const DuplexCliCommands *self,
             const char              *rest,
             GError                 **error)
{
  return duplex_cli_upload_cancel (self->upload) ||
         duplex_cli_refuse (error, _ ("no file is being sent"));
}

/* ---- frames ---- */

static gboolean
obey_ping (const DuplexCliCommands *self,
           const char              *rest,
           GError                 **error)
{
  g_autoptr (GBytes) payload = *rest != '\0' ? g_bytes_new (rest, strlen (rest)) : NULL;

  return duplex_session_ping (self->session, payload, error);
}

static gboolean
obey_pong (const DuplexCliCommands *self,
           const char              *rest,
           GError                 **error)
{
  g_autoptr (GBytes) payload = *rest != '\0' ? g_bytes_new (rest, strlen (rest)) : NULL;

  return duplex_session_pong (self->session, payload, error);
}

static gboolean
obey_frame (const DuplexCliCommands *self,
            const char              *rest,
            GError                 **error)
{
  gboolean                     deliberate;
  g_autoptr (DuplexFrameDraft) draft = duplex_cli_frame_parse (rest, &deliberate, error);
  g_autoptr (GError)           why = NULL;

  if (draft == NULL)
    return FALSE;
  if (duplex_session_send_frame (self->session, draft, deliberate, &why))
    return TRUE;
  if (deliberate || !g_error_matches (why, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT))
    {
      g_propagate_error (error, g_steal_pointer (&why));
      return FALSE;
    }
  /* Findings are msgids. */
  g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
               _ ("not sent: %s (to send it all the same: /frame deliberate %s)"),
               _ (why->message), rest);
  return FALSE;
}

static gboolean
obey_close (const DuplexCliCommands *self,
            const char              *rest,
            GError                 **error)
{
  g_auto (GStrv) parts = g_strsplit (rest, " ", 2);
  guint64        code = DUPLEX_CLOSE_NORMAL;

  if (parts[0] != NULL && *parts[0] != '\0' &&
      !g_ascii_string_to_unsigned (parts[0], 10, 1, G_MAXUINT16, &code, error))
    return FALSE;
  return duplex_session_disconnect (self->session, (guint16)code,
                                    parts[0] != NULL ? parts[1] : NULL, error);
}

static gboolean
obey_quit (const DuplexCliCommands *self,
           const char              *rest,
           GError                 **error)
{
  return duplex_session_disconnect (self->session, DUPLEX_CLOSE_NORMAL, NULL, error);
}

/* ---- the list ---- */

static gboolean obey_help (const DuplexCliCommands *self,
                           const char              *rest,
                           GError                 **error);

static const struct
{
  const char *name;
  const char *arguments;
  const char *text;
  gboolean (*obey) (const DuplexCliCommands *self, const char *rest, GError **error);
} commands[] = {
  { "/ping", "[TEXT]", N_ ("send a ping"), obey_ping },
  { "/pong", "[TEXT]", N_ ("send a pong; without TEXT it answers the last ping"), obey_pong },
  { "/close", "[CODE [REASON]]", N_ ("send a Close, and end with the answer"), obey_close },
  { "/binary", "HEX", N_ ("send a binary message"), obey_binary },
  { "/split", "N[,N...] TEXT", N_ ("send a message in frames that end there"), obey_split },
  { "/frame", "OPCODE ...", N_ ("send any frame; see /help frame"), obey_frame },
  { "/file", "PATH", N_ ("send a file as a message, text unless --binary"), obey_file },
  { "/binfile", "PATH", N_ ("send a file as a binary message"), obey_binfile },
  { "/cancel", "", N_ ("stop the file; the server gets its message short"), obey_cancel },
  { "/quit", "", N_ ("the same as /close 1000; so does Ctrl+D"), obey_quit },
  { "/help", "[frame]", N_ ("this list; text that begins with / is sent with //"),
    obey_help },
};

static void
say (const DuplexCliCommands *self,
     int                      width,
     const char              *words,
     const char              *text)
{
  g_autofree char *line = g_strdup_printf ("%-*s %s", width, words, text);

  duplex_cli_prompt_note (self->prompt, line);
}

static void
say_frame_help (const DuplexCliCommands *self)
{
  const char *words, *text;

  duplex_cli_prompt_note (self->prompt,
                          "/frame [deliberate] OPCODE [OPTION...] [TEXT | hex:HEX]");
  for (guint i = 0; (words = duplex_cli_frame_get_help (i, &text)) != NULL; i++)
    say (self, 25, words, _ (text));
}

static gboolean
obey_help (const DuplexCliCommands *self,
           const char              *rest,
           GError                 **error)
{
  if (strcmp (rest, "frame") == 0 || strcmp (rest, "/frame") == 0)
    {
      say_frame_help (self);
      return TRUE;
    }
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autofree char *words = g_strconcat (commands[i].name, " ", commands[i].arguments, NULL);

      say (self, 23, words, _ (commands[i].text));
    }
  return TRUE;
}

gboolean
duplex_cli_commands_obey (const DuplexCliCommands *self,
                          const char              *line,
                          GError                 **error)
{
  if (*line != '/' || line[1] == '/')
    {
      line += *line == '/' ? 1 : 0;
      return self->binary ? obey_binary (self, line, error)
                          : duplex_session_send_text (self->session, line, -1, error);
    }
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      gsize len = strlen (commands[i].name);

      if (strncmp (line, commands[i].name, len) != 0 || (line[len] != ' ' && line[len] != '\0'))
        continue;
      while (line[len] == ' ')
        len++;
      return commands[i].obey (self, line + len, error);
    }
  g_set_error (error, DUPLEX_ERROR, DUPLEX_ERROR_INVALID_ARGUMENT,
               _ ("there is no command %s; see /help"), line);
  return FALSE;
}
