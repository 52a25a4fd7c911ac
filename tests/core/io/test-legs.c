/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every leg promises, over TCP and over TLS. */
#include "core/io/duplex-leg.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>

#include "duplex-leg-support.h"

#define MUCH ((gsize)1024 * 1024)

typedef struct
{
  DuplexPoller *poller;
  LegPair      *pair;
  DuplexLeg    *leg;
  GIOCondition  conditions; /* of all calls */
  guint         n_ready;
  GByteArray   *got;     /* what ready has read */
  gsize         at_once; /* bytes that a read asks for */
  guint         n_reads; /* that it may do in a call; 0: it reads nothing */
  gboolean      ended;
  gboolean      frees; /* in the next call */
} Fixture;

/* Returns FALSE where there is nothing more now. */
static gboolean
read_once (Fixture *f)
{
  g_autofree guint8 *data = g_malloc (f->at_once);
  gsize              len = 0;
  DuplexLegResult    result = duplex_leg_read (f->leg, data, f->at_once, &len);

  if (result == DUPLEX_LEG_OK)
    {
      g_assert_cmpuint (len, >, 0);
      g_assert_cmpuint (len, <=, f->at_once);
      g_byte_array_append (f->got, data, (guint)len);
    }
  f->ended = f->ended || result == DUPLEX_LEG_ENDED;
  return result == DUPLEX_LEG_OK;
}

static void
ready_cb (DuplexLeg   *leg,
          GIOCondition conditions,
          gpointer     data)
{
  Fixture *f = data;

  g_assert_true (leg == f->leg);
  f->n_ready++;
  f->conditions |= conditions;
  if (f->frees)
    {
      g_clear_pointer (&f->leg, duplex_leg_free);
      return;
    }
  for (guint i = 0; i < f->n_reads && read_once (f); i++)
    ;
}

static void
set_up (Fixture      *f,
        gconstpointer data)
{
  f->poller = duplex_poller_new ();
  f->pair = leg_pair_new (GPOINTER_TO_INT (data));
  f->leg = duplex_leg_new_stream (f->poller, f->pair->near);
  g_clear_object (&f->pair->near);
  f->got = g_byte_array_new ();
  f->at_once = 65536;
  f->n_reads = G_MAXUINT;
  duplex_leg_set_ready (f->leg, ready_cb, f);
  g_assert_cmpuint (f->n_ready, ==, 0);
}

static void
tear_down (Fixture      *f,
           gconstpointer data)
{
  g_clear_pointer (&f->leg, duplex_leg_free);
  leg_pair_free (f->pair);
  g_byte_array_unref (f->got);
  leg_turn ();
  duplex_poller_free (f->poller);
}

static gboolean
has_ended (gpointer data)
{
  return ((Fixture *)data)->ended;
}

static gboolean
is_freed (gpointer data)
{
  return ((Fixture *)data)->leg == NULL;
}

typedef struct
{
  Fixture *f;
  gsize    n;
} Wanted;

static gboolean
has_got (gpointer data)
{
  Wanted *wanted = data;

  return wanted->f->got->len >= wanted->n;
}

static void
wait_got (Fixture *f,
          gsize    n)
{
  leg_wait (has_got, &(Wanted){ f, n }, "the leg has read enough");
  g_assert_cmpuint (f->got->len, ==, n);
}

static gboolean
was_told (gpointer data)
{
  return ((Fixture *)data)->conditions & G_IO_IN;
}

static void
tell (Fixture    *f,
      const char *text)
{
  g_assert_cmpuint (leg_pair_write (f->pair, (const guint8 *)text, strlen (text)), ==,
                    strlen (text));
}

/* ---- reading ---- */

/* A read of less than asked for, and then there is more: again and again. */
static void
test_reads (Fixture      *f,
            gconstpointer data)
{
  leg_turn ();
  g_assert_cmpuint (f->n_ready, >=, 1);
  g_assert_cmpuint (f->got->len, ==, 0);
  for (guint i = 1; i <= 20; i++)
    {
      tell (f, "abc");
      wait_got (f, (gsize)3 * i);
    }
  g_assert_false (f->ended);
}

/* A byte a call of ready: whoever stops early asks to be called again, and no other source is
 * starved by it. */
static void
test_reads_slowly (Fixture      *f,
                   gconstpointer data)
{
  const gsize        n = 40000; /* three records of TLS */
  g_autofree guint8 *pattern = leg_make_pattern (n);

  f->n_reads = 0;
  leg_turn ();
  f->conditions = 0;
  g_assert_cmpuint (leg_pair_write (f->pair, pattern, n), ==, n);
  leg_wait (was_told, f, "the leg is told of bytes");
  f->n_reads = 1;
  f->at_once = 100;
  while (f->got->len < n)
    {
      gsize before = f->got->len;

      duplex_leg_again (f->leg);
      g_assert_cmpuint (f->got->len, ==, before);
      leg_turn ();
    }
  g_assert_cmpmem (f->got->data, f->got->len, pattern, n);
}

/* What TLS has decrypted and nobody has read: no socket tells of it. */
static void
test_left_inside (Fixture      *f,
                  gconstpointer data)
{
  g_autofree guint8 *pattern = leg_make_pattern (16000);

  leg_turn ();
  f->n_reads = 1;
  f->at_once = 10;
  g_assert_cmpuint (leg_pair_write (f->pair, pattern, 16000), ==, 16000);
  wait_got (f, 10);
  leg_turn ();
  g_assert_cmpuint (f->got->len, ==, 10);
  f->n_reads = G_MAXUINT;
  duplex_leg_again (f->leg);
  wait_got (f, 16000);
  g_assert_cmpmem (f->got->data, f->got->len, pattern, 16000);
}

/* The end stands behind bytes that are read late. */
static void
test_end_behind_bytes (Fixture      *f,
                       gconstpointer data)
{
  f->n_reads = 0;
  leg_turn ();
  f->conditions = 0;
  tell (f, "last words");
  leg_pair_vanish (f->pair, /* reset= */ FALSE);
  leg_wait (was_told, f, "the leg is told of bytes");
  f->n_reads = 1;
  f->at_once = 4;
  for (guint i = 0; i < 4 && !f->ended; i++)
    {
      duplex_leg_again (f->leg);
      leg_turn ();
    }
  g_assert_true (f->ended);
  g_assert_cmpmem (f->got->data, f->got->len, "last words", 10);
}

/* The end comes after all was read. */
static void
test_end_alone (Fixture      *f,
                gconstpointer data)
{
  tell (f, "abc");
  wait_got (f, 3);
  leg_pair_vanish (f->pair, /* reset= */ FALSE);
  leg_wait (has_ended, f, "the leg has ended");
}

static void
test_reset (Fixture      *f,
            gconstpointer data)
{
  GOutputVector span = { "abc", 3 };
  gsize         len = 0;

  leg_turn ();
  leg_pair_vanish (f->pair, /* reset= */ TRUE);
  leg_wait (has_ended, f, "the leg has ended");
  g_assert_cmpint (duplex_leg_write (f->leg, &span, 1, &len), ==, DUPLEX_LEG_ENDED);
  g_assert_cmpuint (len, ==, 0);
}

static void
test_freed_when_ready (Fixture      *f,
                       gconstpointer data)
{
  leg_turn ();
  f->frees = TRUE;
  tell (f, "abc");
  duplex_leg_again (f->leg);
  leg_wait (is_freed, f, "the leg is freed");
  leg_turn ();
}

static void
test_freed_unread (Fixture      *f,
                   gconstpointer data)
{
  f->n_reads = 0;
  leg_turn ();
  f->conditions = 0;
  tell (f, "abc");
  leg_wait (was_told, f, "the leg is told of bytes");
  duplex_leg_again (f->leg);
  g_clear_pointer (&f->leg, duplex_leg_free);
  leg_turn ();
}

/* ---- writing ---- */

/* What waits on either side of the connection. */
typedef struct
{
  Fixture      *f;
  const guint8 *data;
  gsize         done;
  guint         n_blocked;
  gboolean      failed;
  gboolean      blocked;
  GByteArray   *arrived;
} Transfer;

/* As many spans as fit, of sizes that fit nothing. After "would block" the same bytes stand first,
 * but there are more of them, and they are cut otherwise. */
static DuplexLegResult
write_some (Transfer *self)
{
  static const gsize sizes[] = { 3, 1000, 20000, 1, 16384, 5, 40000, 7 };
  GOutputVector      spans[G_N_ELEMENTS (sizes)];
  guint              n = 0;
  gsize              at = self->done;
  gsize              len = 0;
  DuplexLegResult    result;

  for (; n < G_N_ELEMENTS (sizes) && at < MUCH; n++)
    {
      spans[n].buffer = self->data + at;
      spans[n].size = MIN (sizes[(n + self->n_blocked) % G_N_ELEMENTS (sizes)], MUCH - at);
      at += spans[n].size;
    }
  result = duplex_leg_write (self->f->leg, spans, n, &len);
  if (result == DUPLEX_LEG_OK)
    {
      g_assert_cmpuint (len, >, 0);
      g_assert_cmpuint (len, <=, at - self->done);
      self->done += len;
    }
  return result;
}

static void
writable_cb (DuplexLeg   *leg,
             GIOCondition conditions,
             gpointer     data)
{
  Transfer *self = data;

  /* Only what the poller says is a reason to try again. */
  if (self->blocked && !(conditions & G_IO_OUT))
    return;
  self->blocked = FALSE;
  while (self->done < MUCH && !self->blocked && !self->failed)
    switch (write_some (self))
      {
      case DUPLEX_LEG_OK:
        break;
      case DUPLEX_LEG_WOULD_BLOCK:
        self->blocked = TRUE;
        self->n_blocked++;
        break;
      case DUPLEX_LEG_ENDED:
      default:
        self->failed = TRUE;
        break;
      }
}

static gboolean
has_arrived (gpointer data)
{
  Transfer *self = data;

  g_assert_false (self->failed);
  leg_pair_read (self->f->pair, self->arrived);
  return self->arrived->len >= MUCH;
}

static gboolean
is_blocked (gpointer data)
{
  return ((Transfer *)data)->blocked;
}

static gboolean
has_failed (gpointer data)
{
  return ((Transfer *)data)->failed;
}

static gboolean
wake_cb (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static void
set_buffer (int fd,
            int which,
            int size)
{
  g_assert_cmpint (setsockopt (fd, SOL_SOCKET, which, &size, sizeof size), ==, 0);
}

static void
shrink_buffers (Fixture *f)
{
  /* Sending, the least that the system gives. A window of that size would make TCP wait. */
  set_buffer (leg_pair_get_near_fd (f->pair), SO_SNDBUF, 1);
  set_buffer (leg_pair_get_far_fd (f->pair), SO_RCVBUF, 65536);
}

/* Before the leg takes the stream. */
static void
set_up_small (Fixture      *f,
              gconstpointer data)
{
  f->poller = duplex_poller_new ();
  f->pair = leg_pair_new (GPOINTER_TO_INT (data));
  shrink_buffers (f);
  f->leg = duplex_leg_new_stream (f->poller, f->pair->near);
  g_clear_object (&f->pair->near);
  f->got = g_byte_array_new ();
}

static void
test_writes (Fixture      *f,
             gconstpointer data)
{
  g_autofree guint8     *pattern = leg_make_pattern (MUCH);
  g_autoptr (GByteArray) arrived = g_byte_array_new ();
  Transfer               transfer = { .f = f, .data = pattern, .arrived = arrived };
  guint                  wakes;

  duplex_leg_set_ready (f->leg, writable_cb, &transfer);
  leg_wait (is_blocked, &transfer, "the peer takes no more");
  g_assert_cmpuint (transfer.done, <, MUCH);
  wakes = g_timeout_add (1, wake_cb, NULL); /* the peer is no source */
  leg_wait (has_arrived, &transfer, "all has arrived");
  g_source_remove (wakes);
  g_assert_cmpuint (transfer.n_blocked, >, 5);
  g_assert_cmpmem (arrived->data, arrived->len, pattern, MUCH);
}

/* Whoever waits for room learns that there will be none. */
static void
test_reset_while_blocked (Fixture      *f,
                          gconstpointer data)
{
  g_autofree guint8     *pattern = leg_make_pattern (MUCH);
  g_autoptr (GByteArray) arrived = g_byte_array_new ();
  Transfer               transfer = { .f = f, .data = pattern, .arrived = arrived };

  duplex_leg_set_ready (f->leg, writable_cb, &transfer);
  leg_wait (is_blocked, &transfer, "the peer takes no more");
  leg_pair_vanish (f->pair, /* reset= */ TRUE);
  leg_wait (has_failed, &transfer, "the leg has failed");
}

typedef struct
{
  Fixture    *f;
  GByteArray *bytes;
  gsize       n;
  gboolean    open;
} Reading;

static gboolean
peer_has_read (gpointer data)
{
  Reading *self = data;

  self->open = leg_pair_read (self->f->pair, self->bytes);
  return !self->open || self->bytes->len >= self->n;
}

/* Small spans are one record: TLS hands out one a read. */
static void
test_one_record (Fixture      *f,
                 gconstpointer data)
{
  const GOutputVector   spans[] = { { "ab", 2 }, { "c", 1 }, { "defg", 4 } };
  GInputStream         *input = g_io_stream_get_input_stream (f->pair->far);
  GPollableInputStream *pollable = G_POLLABLE_INPUT_STREAM (input);
  char                  bytes[16];
  gssize                n = -1;
  gsize                 len;

  leg_turn ();
  g_assert_cmpint (duplex_leg_write (f->leg, spans, G_N_ELEMENTS (spans), &len), ==,
                   DUPLEX_LEG_OK);
  g_assert_cmpuint (len, ==, 7);
  while (n < 0)
    {
      n = g_pollable_input_stream_read_nonblocking (pollable, bytes, sizeof bytes, NULL, NULL);
      g_main_context_iteration (NULL, FALSE);
    }
  g_assert_cmpmem (bytes, n, "abcdefg", 7);
}

/* Says that no more will come, and can still be read. */
static void
test_shutdown (Fixture      *f,
               gconstpointer data)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  Reading                reading = { f, bytes, 4, TRUE };
  GOutputVector          span = { "end", 3 };
  gsize                  len;
  guint                  wakes = g_timeout_add (1, wake_cb, NULL);

  leg_turn ();
  g_assert_cmpint (duplex_leg_write (f->leg, &span, 1, &len), ==, DUPLEX_LEG_OK);
  duplex_leg_shutdown (f->leg);
  leg_wait (peer_has_read, &reading, "the peer has read the end");
  g_source_remove (wakes);
  g_assert_cmpmem (bytes->data, bytes->len, "end", 3);
  g_assert_false (reading.open);
  g_assert_cmpint (duplex_leg_write (f->leg, &span, 1, &len), ==, DUPLEX_LEG_ENDED);
  tell (f, "I still speak");
  wait_got (f, strlen ("I still speak"));
}

/* The peer reads the end of the stream soon, not when others let go of it. */
static void
test_free_closes (Fixture      *f,
                  gconstpointer data)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  Reading                reading = { f, bytes, 1, TRUE };
  guint                  wakes = g_timeout_add (1, wake_cb, NULL);

  leg_turn ();
  g_clear_pointer (&f->leg, duplex_leg_free);
  leg_wait (peer_has_read, &reading, "the peer reads the end");
  g_source_remove (wakes);
  g_assert_cmpuint (bytes->len, ==, 0);
  g_assert_false (reading.open);
}

/* There was no descriptor to be had. */
static void
test_no_descriptor (void)
{
  g_autoptr (DuplexPoller) poller = duplex_poller_new ();
  Fixture                  f = { .poller = poller, .at_once = 16, .n_reads = 1 };
  GOutputVector            span = { "abc", 3 };
  gsize                    len;

  f.leg = duplex_leg_new_socket (poller, -1);
  duplex_leg_set_ready (f.leg, ready_cb, &f);
  leg_turn ();
  g_assert_true (f.ended);
  g_assert_cmpint (duplex_leg_write (f.leg, &span, 1, &len), ==, DUPLEX_LEG_ENDED);
  duplex_leg_shutdown (f.leg);
  duplex_leg_free (f.leg);
}

/* Of a descriptor that cannot be watched nobody would hear again: it has ended. */
static void
test_unwatched (void)
{
  g_autoptr (DuplexPoller) poller = duplex_poller_new ();
  g_autofree char         *path = NULL;
  int                      fd = g_file_open_tmp ("duplex-XXXXXX", &path, NULL);
  DuplexLeg               *leg = duplex_leg_new_socket (poller, fd);
  GOutputVector            span = { "x", 1 };
  guint8                   data[1];
  gsize                    len;

  g_assert_cmpint (duplex_leg_read (leg, data, 1, &len), ==, DUPLEX_LEG_ENDED);
  g_assert_cmpint (duplex_leg_write (leg, &span, 1, &len), ==, DUPLEX_LEG_ENDED);
  duplex_leg_free (leg);
  g_assert_cmpint (g_unlink (path), ==, 0);
}

int
main (int    argc,
      char **argv)
{
  static const struct
  {
    const char *name;
    void (*test) (Fixture *, gconstpointer);
    gboolean small;
  } tests[] = {
    { "reads", test_reads, FALSE },
    { "reads-slowly", test_reads_slowly, FALSE },
    { "left-inside", test_left_inside, FALSE },
    { "end-behind-bytes", test_end_behind_bytes, FALSE },
    { "end-alone", test_end_alone, FALSE },
    { "reset", test_reset, FALSE },
    { "freed-when-ready", test_freed_when_ready, FALSE },
    { "freed-unread", test_freed_unread, FALSE },
    { "writes", test_writes, TRUE },
    { "reset-while-blocked", test_reset_while_blocked, TRUE },
    { "one-record", test_one_record, FALSE },
    { "shutdown", test_shutdown, FALSE },
    { "free-closes", test_free_closes, FALSE },
  };
  static const char *const transports[] = { [LEG_TCP] = "tcp", [LEG_TLS] = "tls" };

  g_test_init (&argc, &argv, NULL);

  for (gsize t = 0; t < G_N_ELEMENTS (transports); t++)
    for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
      {
        g_autofree char *path =
          g_strdup_printf ("/io/legs/%s/%s", transports[t], tests[i].name);

        g_test_add (path, Fixture, GINT_TO_POINTER ((int)t),
                    tests[i].small ? set_up_small : set_up, tests[i].test, tear_down);
      }
  g_test_add_func ("/io/legs/no-descriptor", test_no_descriptor);

  g_test_add_func ("/io/legs/unwatched", test_unwatched);
  return g_test_run ();
}
