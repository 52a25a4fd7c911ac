/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What leaves in which order, over a pair of sockets whose buffers are small. */
#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/io/duplex-outbox.h"

typedef struct
{
  GSocketConnection *near;
  int                far;
  DuplexOutbox      *outbox;
  GString           *left;    /* one letter an item, in the order of leaving */
  GString           *dropped; /* likewise */
  guint              n_empty;
  gsize              n_wrote; /* bytes */
  gboolean           failed;
} Pipe;

static void
wrote_cb (DuplexOutgoing *item,
          const guint8   *data,
          gsize           len,
          gint64          at,
          gpointer        user_data)
{
  Pipe *pipe_ = user_data;

  g_assert_cmpint (at, >, 0);
  g_assert_cmpuint (data[0], ==, data[len - 1]);
  pipe_->n_wrote += len;
}

static void
left_cb (DuplexOutgoing *item,
         gpointer        data)
{
  Pipe *pipe_ = data;

  g_string_append_c (pipe_->left, (char)item->opcode);
}

static void
empty_cb (gpointer data)
{
  ((Pipe *)data)->n_empty++;
}

static void
failed_cb (const GError *error,
           gpointer      data)
{
  ((Pipe *)data)->failed = TRUE;
}

static const DuplexOutboxCallbacks callbacks = { wrote_cb, left_cb, empty_cb, failed_cb };

static void
pipe_init (Pipe *self)
{
  int      fds[2];
  int      small = 4096;
  GSocket *socket;

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
  g_assert_cmpint (setsockopt (fds[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), ==, 0);
  socket = g_socket_new_from_fd (fds[0], NULL);
  g_assert_nonnull (socket);
  self->near = g_socket_connection_factory_create_connection (socket);
  g_object_unref (socket);
  self->far = fds[1];
  self->left = g_string_new (NULL);
  self->dropped = g_string_new (NULL);
  self->outbox = duplex_outbox_new (
    G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (G_IO_STREAM (self->near))), &callbacks,
    self);
}

static void
pipe_clear (Pipe *self)
{
  duplex_outbox_free (self->outbox);
  g_object_unref (self->near);
  if (self->far >= 0)
    close (self->far);
  g_string_free (self->left, TRUE);
  g_string_free (self->dropped, TRUE);
}

/* An item of len bytes, all of them its letter. */
static DuplexOutgoing *
item_new (char     letter,
          gsize    len,
          gboolean control,
          gboolean replaceable)
{
  DuplexOutgoing *item = g_new0 (DuplexOutgoing, 1);
  guint8         *data = g_malloc (len);

  memset (data, letter, len);
  item->wire = g_bytes_new_take (data, len);
  item->opcode = (guint8)letter;
  item->control = control;
  item->replaceable = replaceable;
  return item;
}

/* Reads all that comes until so many items wait, and returns it with runs of a letter folded to
 * one. */
static char *
read_folded_to (Pipe *self,
                guint n_items)
{
  GString *folded = g_string_new (NULL);
  gint64   deadline = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;

  while (duplex_outbox_get_n_items (self->outbox) > n_items && g_get_monotonic_time () < deadline)
    {
      char   chunk[8192];
      gssize n;

      while (g_main_context_iteration (NULL, FALSE))
        ;
      while ((n = recv (self->far, chunk, sizeof chunk, MSG_DONTWAIT)) > 0)
        for (gssize i = 0; i < n; i++)
          if (folded->len == 0 || folded->str[folded->len - 1] != chunk[i])
            g_string_append_c (folded, chunk[i]);
    }
  for (;;)
    {
      char byte;

      if (recv (self->far, &byte, 1, MSG_DONTWAIT) != 1)
        break;
      if (folded->len == 0 || folded->str[folded->len - 1] != byte)
        g_string_append_c (folded, byte);
    }
  g_assert_cmpuint (duplex_outbox_get_n_items (self->outbox), ==, n_items);
  return g_string_free (folded, FALSE);
}

static char *
read_folded (Pipe *self)
{
  return read_folded_to (self, 0);
}

static void
test_in_order (void)
{
  Pipe             p = { 0 };
  g_autofree char *seen = NULL;

  pipe_init (&p);
  for (char c = 'a'; c <= 'e'; c++)
    duplex_outbox_push (p.outbox, item_new (c, 50000, FALSE, FALSE));
  seen = read_folded (&p);
  g_assert_cmpstr (seen, ==, "abcde");
  g_assert_cmpstr (p.left->str, ==, "abcde");
  g_assert_cmpuint (p.n_empty, >=, 1);
  pipe_clear (&p);
}

/* "a" has begun and blocked: nothing may come before its end. */
static void
test_control_overtakes (void)
{
  Pipe             p = { 0 };
  g_autofree char *seen = NULL;

  pipe_init (&p);
  duplex_outbox_push (p.outbox, item_new ('a', 500000, FALSE, FALSE));
  duplex_outbox_push (p.outbox, item_new ('b', 1000, FALSE, FALSE));
  g_assert_cmpstr (p.left->str, ==, "");
  duplex_outbox_push (p.outbox, item_new ('P', 10, TRUE, FALSE));
  duplex_outbox_push (p.outbox, item_new ('Q', 10, TRUE, FALSE));
  seen = read_folded (&p);
  g_assert_cmpstr (seen, ==, "aPQb");
  pipe_clear (&p);
}

static void
test_newest_pong_only (void)
{
  Pipe             p = { 0 };
  g_autofree char *seen = NULL;

  pipe_init (&p);
  duplex_outbox_push (p.outbox, item_new ('a', 500000, FALSE, FALSE));
  for (char c = '0'; c <= '9'; c++)
    {
      DuplexOutgoing *item = item_new (c, 10, TRUE, TRUE);

      item->opcode = c % 2; /* two kinds */
      duplex_outbox_push (p.outbox, item);
    }
  g_assert_cmpuint (duplex_outbox_get_n_items (p.outbox), ==, 3);
  seen = read_folded (&p);
  g_assert_cmpstr (seen, ==, "a89");
  g_assert_cmpuint (p.n_wrote, ==, 500020);
  pipe_clear (&p);
}

/* The rest of what has begun leaves, and control frames do. */
static void
test_held (void)
{
  Pipe             p = { 0 };
  g_autofree char *seen = NULL;
  g_autofree char *rest = NULL;

  pipe_init (&p);
  duplex_outbox_push (p.outbox, item_new ('a', 500000, FALSE, FALSE));
  duplex_outbox_set_held (p.outbox, TRUE);
  duplex_outbox_push (p.outbox, item_new ('b', 10, FALSE, FALSE));
  duplex_outbox_push (p.outbox, item_new ('P', 10, TRUE, FALSE));
  seen = read_folded_to (&p, 1);
  g_assert_cmpstr (seen, ==, "aP");
  duplex_outbox_push (p.outbox, item_new ('Q', 10, TRUE, FALSE));
  g_assert_cmpuint (duplex_outbox_get_n_items (p.outbox), ==, 1);
  duplex_outbox_set_held (p.outbox, FALSE);
  rest = read_folded (&p);
  g_assert_cmpstr (rest, ==, "Qb");
  pipe_clear (&p);
}

static void
dropped_cb (gpointer item,
            gpointer data)
{
  g_string_append_c (((Pipe *)data)->dropped, (char)((DuplexOutgoing *)item)->opcode);
}

static void
test_drop_waiting (void)
{
  Pipe             p = { 0 };
  g_autofree char *seen = NULL;

  pipe_init (&p);
  duplex_outbox_push (p.outbox, item_new ('a', 500000, FALSE, FALSE));
  duplex_outbox_push (p.outbox, item_new ('b', 10, FALSE, FALSE));
  duplex_outbox_push (p.outbox, item_new ('P', 10, TRUE, FALSE));
  duplex_outbox_push (p.outbox, item_new ('c', 10, FALSE, FALSE));
  duplex_outbox_drop_waiting (p.outbox, dropped_cb, &p);
  duplex_outbox_push (p.outbox, item_new ('X', 10, FALSE, FALSE));
  seen = read_folded (&p);
  g_assert_cmpstr (seen, ==, "aPX");
  g_assert_cmpstr (p.dropped->str, ==, "bc");
  pipe_clear (&p);
}

static void
test_peer_gone (void)
{
  Pipe   p = { 0 };
  gint64 deadline = g_get_monotonic_time () + 10 * G_TIME_SPAN_SECOND;

  pipe_init (&p);
  duplex_outbox_push (p.outbox, item_new ('a', 500000, FALSE, FALSE));
  close (p.far);
  p.far = -1;
  while (!p.failed && g_get_monotonic_time () < deadline)
    g_main_context_iteration (NULL, TRUE);
  g_assert_true (p.failed);
  g_assert_cmpstr (p.left->str, ==, "");
  duplex_outbox_push (p.outbox, item_new ('b', 1, FALSE, FALSE));
  g_assert_cmpstr (p.left->str, ==, "");
  pipe_clear (&p);
}

int
main (int    argc,
      char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/outbox/in-order", test_in_order);
  g_test_add_func ("/core/outbox/control-overtakes", test_control_overtakes);
  g_test_add_func ("/core/outbox/newest-pong-only", test_newest_pong_only);
  g_test_add_func ("/core/outbox/held", test_held);
  g_test_add_func ("/core/outbox/drop-waiting", test_drop_waiting);
  g_test_add_func ("/core/outbox/peer-gone", test_peer_gone);
  return g_test_run ();
}
