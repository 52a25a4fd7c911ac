/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "duplex-interop.h"

#include <glib/gstdio.h>
#include <string.h>

#include "core/io/duplex-io-thread.h"

struct _DuplexInteropPeer
{
  DuplexInteropPeers kind;
  const char        *name;
  const char        *interpreter;
  const char        *script;

  /* owned */
  GSubprocess      *process;
  GDataInputStream *output;
  GPtrArray        *lines;   /* of its stdout that nobody has taken yet */
  char            **ports;   /* "NAME=PORT" */
  char             *missing; /* what is not installed, or NULL */
  const char       *awaited; /* beginning of the line that is waited for */

  /* state */
  gboolean output_ended;
  gboolean exited;
};

/* With which a server ends whose library is not installed. */
#define MISSING_STATUS 77

typedef struct
{
  DuplexInteropPeer *peer;
  DuplexInteropTest  test;
} Case;

/* The distribution's own Python: another one that comes first in PATH has none of its modules. */
static DuplexInteropPeer peers[] = {
  { DUPLEX_INTEROP_WS, "ws", "node", "ws-server.mjs" },
  { DUPLEX_INTEROP_WEBSOCKETS, "websockets", "/usr/bin/python3", "websockets-server.py" },
};

static gboolean use_certificates;
static char    *certificates; /* a folder that is removed at the end, or NULL */

/* ---- certificates ---- */

static void
make_certificates (void)
{
  g_autofree char        *script = NULL;
  g_autoptr (GError)      error = NULL;
  g_autoptr (GSubprocess) process = NULL;

  if (!use_certificates || certificates != NULL)
    return;
  script = g_test_build_filename (G_TEST_DIST, "interop", "make-certificates", NULL);
  certificates = g_dir_make_tmp ("duplex-interop-XXXXXX", &error);
  g_assert_no_error (error);
  process = g_subprocess_new (G_SUBPROCESS_FLAGS_NONE, &error, script, certificates, NULL);
  g_assert_no_error (error);
  g_subprocess_wait_check (process, NULL, &error);
  g_assert_no_error (error);
}

static void
remove_certificates (void)
{
  g_autoptr (GDir) folder = NULL;
  const char      *name;

  if (certificates == NULL)
    return;
  folder = g_dir_open (certificates, 0, NULL);
  while ((name = g_dir_read_name (folder)) != NULL)
    {
      g_autofree char *path = g_build_filename (certificates, name, NULL);

      g_assert_cmpint (g_unlink (path), ==, 0);
    }
  g_assert_cmpint (g_rmdir (certificates), ==, 0);
  g_clear_pointer (&certificates, g_free);
}

char *
duplex_interop_dup_certificate_file (const char *name)
{
  make_certificates ();
  return g_build_filename (certificates, name, NULL);
}

/* ---- the server's lines ---- */

static void read_line (DuplexInteropPeer *self);

static void
line_ready_cb (GObject      *object,
               GAsyncResult *result,
               gpointer      data)
{
  DuplexInteropPeer *self = data;
  g_autoptr (GError) error = NULL;
  char              *line;

  line = g_data_input_stream_read_line_finish (G_DATA_INPUT_STREAM (object), result, NULL, &error);
  g_assert_no_error (error);
  if (line == NULL)
    {
      self->output_ended = TRUE;
      return;
    }
  g_test_message ("%s: %s", self->name, line);
  g_ptr_array_add (self->lines, line);
  read_line (self);
}

static void
read_line (DuplexInteropPeer *self)
{
  g_data_input_stream_read_line_async (self->output, G_PRIORITY_DEFAULT, NULL, line_ready_cb, self);
}

static gboolean
find_line (DuplexInteropPeer *self,
           guint             *ret_index)
{
  for (guint i = 0; i < self->lines->len; i++)
    {
      if (!g_str_has_prefix (self->lines->pdata[i], self->awaited))
        continue;
      *ret_index = i;
      return TRUE;
    }
  return FALSE;
}

static gboolean
has_line_or_ended (gpointer data)
{
  DuplexInteropPeer *self = data;
  guint              index;

  return find_line (self, &index) || self->output_ended;
}

static char *
describe_lines (gpointer data)
{
  DuplexInteropPeer *self = data;
  GString           *text = g_string_new (NULL);

  g_string_append_printf (text, "%s has said, and nobody has taken:\n", self->name);
  for (guint i = 0; i < self->lines->len; i++)
    g_string_append_printf (text, "%s\n", (const char *)self->lines->pdata[i]);
  if (self->output_ended)
    g_string_append (text, "It says no more\n");
  return g_string_free (text, FALSE);
}

/* What follows prefix in the next line that begins with it. */
static char *
take_line (DuplexInteropPeer *self,
           const char        *prefix)
{
  guint            index;
  g_autofree char *line = NULL;

  self->awaited = prefix;
  duplex_test_wait (has_line_or_ended, describe_lines, self, prefix);
  if (!find_line (self, &index))
    {
      g_autofree char *lines = describe_lines (self);

      g_error ("%s ended without saying \"%s\"\n%s", self->name, prefix, lines);
    }
  line = g_ptr_array_steal_index (self->lines, index);
  return g_strdup (line + strlen (prefix));
}

static void
assert_no_complaint (DuplexInteropPeer *self)
{
  for (guint i = 0; i < self->lines->len; i++)
    if (g_str_has_prefix (self->lines->pdata[i], "error "))
      g_error ("%s complains: %s", self->name, (const char *)self->lines->pdata[i]);
}

/* ---- start and end ---- */

/* Sets missing where the server says that its library is. */
static void
await_ready (DuplexInteropPeer *self)
{
  g_autofree char *ready = NULL;
  const char      *first;

  self->awaited = ""; /* any line */
  duplex_test_wait (has_line_or_ended, describe_lines, self, "the first line of the server");
  first = self->lines->len > 0 ? self->lines->pdata[0] : "";
  if (g_str_has_prefix (first, "missing "))
    {
      self->missing = g_strdup (first + strlen ("missing "));
      return;
    }
  ready = take_line (self, "ready ");
  self->ports = g_strsplit (ready, " ", -1);
}

static void
start (DuplexInteropPeer *self)
{
  g_autofree char   *script = g_test_build_filename (G_TEST_DIST, "interop", self->script, NULL);
  g_autofree char   *interpreter = g_find_program_in_path (self->interpreter);
  g_autoptr (GError) error = NULL;

  if (self->process != NULL || self->missing != NULL)
    return;
  if (interpreter == NULL)
    {
      self->missing = g_strdup (self->interpreter);
      return;
    }
  make_certificates ();
  /* Without certificates the arguments end at the script. */
  self->process = g_subprocess_new (G_SUBPROCESS_FLAGS_STDIN_PIPE | G_SUBPROCESS_FLAGS_STDOUT_PIPE,
                                    &error, interpreter, script, certificates, NULL);
  g_assert_no_error (error);
  self->lines = g_ptr_array_new_with_free_func (g_free);
  self->output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (self->process));
  read_line (self);
  await_ready (self);
}

static void
exited_ready_cb (GObject      *object,
                 GAsyncResult *result,
                 gpointer      data)
{
  DuplexInteropPeer *self = data;
  g_autoptr (GError) error = NULL;

  g_subprocess_wait_finish (G_SUBPROCESS (object), result, &error);
  g_assert_no_error (error);
  self->exited = TRUE;
}

static gboolean
has_exited (gpointer data)
{
  DuplexInteropPeer *self = data;

  return self->exited && self->output_ended;
}

/* The end of its stdin ends it. */
static void
stop (DuplexInteropPeer *self)
{
  g_autoptr (GError) error = NULL;

  if (self->process != NULL)
    {
      g_output_stream_close (g_subprocess_get_stdin_pipe (self->process), NULL, &error);
      g_assert_no_error (error);
      g_subprocess_wait_async (self->process, NULL, exited_ready_cb, self);
      duplex_test_wait (has_exited, describe_lines, self, "the end of the server");
      g_assert_true (g_subprocess_get_if_exited (self->process));
      g_assert_cmpint (g_subprocess_get_exit_status (self->process), ==,
                       self->missing != NULL ? MISSING_STATUS : 0);
      assert_no_complaint (self);
    }
  g_clear_object (&self->output);
  g_clear_object (&self->process);
  g_clear_pointer (&self->lines, g_ptr_array_unref);
  g_clear_pointer (&self->ports, g_strfreev);
  g_clear_pointer (&self->missing, g_free);
}

/* ---- tests ---- */

static void
run_case (gconstpointer data)
{
  const Case *self = data;

  start (self->peer);
  if (self->peer->missing == NULL)
    {
      self->test (self->peer);
      assert_no_complaint (self->peer);
    }
  else if (g_getenv ("CI") != NULL || g_getenv ("DUPLEX_REQUIRE_INTEROP") != NULL)
    {
      g_test_fail_printf ("%s is not installed", self->peer->missing);
    }
  else
    {
      g_autofree char *reason = g_strdup_printf ("%s is not installed", self->peer->missing);

      g_test_skip (reason);
    }
}

void
duplex_interop_add (DuplexInteropPeers kinds,
                    const char        *path,
                    DuplexInteropTest  test)
{
  for (gsize i = 0; i < G_N_ELEMENTS (peers); i++)
    {
      g_autofree char *full = g_strdup_printf ("/interop/%s/%s", peers[i].name, path);
      Case            *added;

      if ((peers[i].kind & kinds) == 0)
        continue;
      added = g_new0 (Case, 1);
      added->peer = &peers[i];
      added->test = test;
      g_test_add_data_func_full (full, added, run_case, g_free);
    }
}

int
duplex_interop_run (gboolean with_certificates)
{
  int status;

  use_certificates = with_certificates;
  status = g_test_run ();
  for (gsize i = 0; i < G_N_ELEMENTS (peers); i++)
    stop (&peers[i]);
  remove_certificates ();
  /* No connection is left on the I/O thread. */
  g_assert_true (duplex_io_thread_wait (duplex_io_thread_get_default (),
                                        DUPLEX_TEST_DEADLINE * 1000 /* ms */));
  return status;
}

DuplexInteropPeers
duplex_interop_peer_get_kind (DuplexInteropPeer *self)
{
  return self->kind;
}

char *
duplex_interop_peer_dup_url (DuplexInteropPeer *self,
                             const char        *port,
                             const char        *target)
{
  const char      *scheme = strcmp (port, "plain") == 0 ? "ws" : "wss";
  g_autofree char *prefix = g_strdup_printf ("%s=", port);

  for (gsize i = 0; self->ports[i] != NULL; i++)
    if (g_str_has_prefix (self->ports[i], prefix))
      return g_strdup_printf ("%s://127.0.0.1:%s%s", scheme, self->ports[i] + strlen (prefix),
                              target);
  g_error ("%s has no port %s", self->name, port);
}

DuplexTestSession *
duplex_interop_peer_new_session (DuplexInteropPeer *self,
                                 const char        *target)
{
  g_autofree char *url = duplex_interop_peer_dup_url (self, "plain", target);

  return duplex_test_session_new (url);
}

DuplexTestSession *
duplex_interop_peer_connect (DuplexInteropPeer *self,
                             const char        *target)
{
  DuplexTestSession *session = duplex_interop_peer_new_session (self, target);

  duplex_test_session_connect (session);
  return session;
}

char *
duplex_interop_peer_wait_report (DuplexInteropPeer *self,
                                 const char        *prefix)
{
  return take_line (self, prefix);
}

char *
duplex_interop_peer_wait_closed (DuplexInteropPeer *self,
                                 const char        *id)
{
  g_autofree char *prefix = g_strdup_printf ("closed %s ", id);

  return take_line (self, prefix);
}
