/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "core/io/duplex-pump.h"

#include <string.h>

#include "core/proto/duplex-limits.h"

/* A leg in memory: what the pump does is seen at its edge, and "would block" is an order. */
typedef struct
{
  DuplexLeg   leg;
  GByteArray *input;  /* to be read */
  GByteArray *output; /* was written */
  gsize       room;   /* bytes that may still be written */
  gboolean    input_ended;
  gboolean    shut;
  gboolean   *freed;
  gboolean    again; /* was asked for */
} FakeLeg;

static DuplexLegResult
fake_read (DuplexLeg *leg,
           guint8    *data,
           gsize      size,
           gsize     *ret_len)
{
  FakeLeg *self = (FakeLeg *)leg;

  if (self->input->len == 0)
    return self->input_ended ? DUPLEX_LEG_ENDED : DUPLEX_LEG_WOULD_BLOCK;
  *ret_len = MIN (size, self->input->len);
  memcpy (data, self->input->data, *ret_len);
  g_byte_array_remove_range (self->input, 0, (guint)*ret_len);
  return DUPLEX_LEG_OK;
}

static DuplexLegResult
fake_write (DuplexLeg           *leg,
            const GOutputVector *spans,
            guint                n,
            gsize               *ret_len)
{
  FakeLeg *self = (FakeLeg *)leg;
  gsize    len = 0;

  g_assert_false (self->shut);
  if (self->room == 0)
    return DUPLEX_LEG_WOULD_BLOCK;
  for (guint i = 0; i < n && self->room > 0; i++)
    {
      gsize part = MIN (spans[i].size, self->room);

      self->room -= part;
      len += part;
      g_byte_array_append (self->output, spans[i].buffer, (guint)part);
    }
  *ret_len = len;
  return DUPLEX_LEG_OK;
}

static void
fake_again (DuplexLeg *leg)
{
  ((FakeLeg *)leg)->again = TRUE;
}

static void
fake_shutdown (DuplexLeg *leg)
{
  ((FakeLeg *)leg)->shut = TRUE;
}

static void
fake_free (DuplexLeg *leg)
{
  FakeLeg *self = (FakeLeg *)leg;

  *self->freed = TRUE;
  g_byte_array_unref (self->input);
  g_byte_array_unref (self->output);
  g_free (self);
}

static FakeLeg *
fake_new (gboolean *freed)
{
  static const DuplexLegClass class = { fake_read, fake_write, fake_again, fake_shutdown,
                                        fake_free };
  FakeLeg *self = g_new0 (FakeLeg, 1);

  self->leg.class = &class;
  self->input = g_byte_array_new ();
  self->output = g_byte_array_new ();
  self->room = G_MAXSIZE;
  self->freed = freed;
  return self;
}

typedef struct
{
  FakeLeg    *client;
  FakeLeg    *backend;
  gboolean    client_freed;
  gboolean    backend_freed;
  gboolean    ended;
  DuplexPump *pump;

  DuplexPoller   *poller;
  DuplexPumpStats stats;
} Fixture;

static void
ended_cb (DuplexPump *pump,
          gpointer    data)
{
  ((Fixture *)data)->ended = TRUE;
}

static void
set_up (Fixture      *fixture,
        gconstpointer data)
{
  static const DuplexPumpSettings settings = {
    .limits = { .max_message = 64 * 1024 * 1024, .max_frame = 64 * 1024 * 1024 },
    .close_timeout = 60,
  };

  fixture->client = fake_new (&fixture->client_freed);
  fixture->backend = fake_new (&fixture->backend_freed);
  fixture->poller = duplex_poller_new ();
  fixture->pump = duplex_pump_new (fixture->poller, &fixture->client->leg, &fixture->backend->leg,
                                   &settings, &fixture->stats, ended_cb, fixture);
  duplex_pump_start (fixture->pump);
}

static void
tear_down (Fixture      *fixture,
           gconstpointer data)
{
  duplex_pump_free (fixture->pump);
  g_assert_true (fixture->client_freed);
  g_assert_true (fixture->backend_freed);
  duplex_poller_free (fixture->poller);
}

static void
make_ready (FakeLeg     *leg,
            GIOCondition conditions)
{
  leg->again = FALSE;
  leg->leg.ready (&leg->leg, conditions, leg->leg.user_data);
}

/* Frames of a server: without a mask they can be compared as they are. */
static void
receive (FakeLeg      *leg,
         const guint8 *wire,
         gsize         len)
{
  g_byte_array_append (leg->input, wire, (guint)len);
  make_ready (leg, G_IO_IN);
}

static const guint8 hello[] = { 0x81, 2, 'h', 'i' };
static const guint8 close_1000[] = { 0x88, 2, 0x03, 0xe8 };
static const guint8 close_lost[] = { 0x88, 15, 0x03, 0xf3, 'B', 'a', 'c', 'k', 'e',
                                     'n', 'd', ' ', 'e', 'r', 'r', 'o', 'r' };
/* A Close 1000 of a client, with a key of zeros. */
static const guint8 masked_close[] = { 0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe8 };

static void
test_forwards (Fixture      *fixture,
               gconstpointer data)
{
  receive (fixture->backend, hello, sizeof hello);
  g_assert_cmpmem (fixture->client->output->data, fixture->client->output->len, hello,
                   sizeof hello);
}

/* Reads no more once something waits, and goes on when it has left. */
static void
test_pushes_back (Fixture      *fixture,
                  gconstpointer data)
{
  guint8 frame[2 + 100] = { 0x82, 100 };
  guint  n = 10000;
  guint  left;

  fixture->client->room = 0;
  for (guint i = 0; i < n; i++)
    g_byte_array_append (fixture->backend->input, frame, sizeof frame);
  make_ready (fixture->backend, G_IO_IN);
  left = fixture->backend->input->len;
  g_assert_cmpuint (n * sizeof frame - left, <=, DUPLEX_LIMIT_PUMP_BUFFER);
  make_ready (fixture->backend, G_IO_IN);
  make_ready (fixture->backend, 0);
  g_assert_cmpuint (fixture->backend->input->len, ==, left);

  while (fixture->client->output->len < n * sizeof frame)
    {
      fixture->client->room = 20000;
      make_ready (fixture->client, G_IO_OUT);
      if (fixture->backend->again)
        make_ready (fixture->backend, 0);
    }
  g_assert_cmpuint (fixture->backend->input->len, ==, 0);
  g_assert_cmpuint (fixture->client->output->len, ==, n * sizeof frame);
  g_assert_cmpuint (fixture->stats.n_messages[DUPLEX_ROLE_SERVER], ==, n);
  g_assert_cmpuint (fixture->stats.n_bytes[DUPLEX_ROLE_SERVER], ==, n * sizeof frame);
}

/* What waits is delivered before the Close, however late. */
static void
test_drains_before_close (Fixture      *fixture,
                          gconstpointer data)
{
  fixture->client->room = 0;
  receive (fixture->backend, hello, sizeof hello);
  fixture->backend->input_ended = TRUE;
  make_ready (fixture->backend, G_IO_IN);
  g_assert_false (fixture->client_freed);

  fixture->client->room = G_MAXSIZE;
  make_ready (fixture->client, G_IO_OUT);
  make_ready (fixture->backend, 0);
  g_assert_true (fixture->backend_freed);
  g_assert_cmpmem (fixture->client->output->data, sizeof hello, hello, sizeof hello);
  g_assert_cmpmem (fixture->client->output->data + sizeof hello,
                   fixture->client->output->len - sizeof hello, close_lost, sizeof close_lost);
  g_assert_false (fixture->client->shut);
}

static void
test_closes_in_order (Fixture      *fixture,
                      gconstpointer data)
{
  DuplexPumpEnd client;
  DuplexPumpEnd backend;

  receive (fixture->backend, close_1000, sizeof close_1000);
  g_assert_cmpmem (fixture->client->output->data, fixture->client->output->len, close_1000,
                   sizeof close_1000);
  g_assert_cmpuint (fixture->backend->output->len, ==, 0);

  receive (fixture->client, masked_close, sizeof masked_close);
  g_assert_cmpuint (fixture->backend->output->len, ==, sizeof masked_close);
  /* The server ends first: we to the client, and the backend to us. */
  g_assert_true (fixture->client->shut);
  g_assert_false (fixture->backend->shut);
  g_assert_false (fixture->backend_freed);

  fixture->backend->input_ended = fixture->client->input_ended = TRUE;
  make_ready (fixture->backend, G_IO_IN);
  make_ready (fixture->client, G_IO_IN);
  g_assert_false (fixture->ended);
  while (!fixture->ended)
    g_main_context_iteration (NULL, TRUE);
  duplex_pump_get_ends (fixture->pump, &client, &backend);
  g_assert_cmpuint (client.code_sent, ==, 1000);
  g_assert_cmpuint (client.code_received, ==, 1000);
  g_assert_cmpuint (backend.code_sent, ==, 1000);
  g_assert_cmpuint (backend.code_received, ==, 1000);
}

/* A Close of the relay's is the last word to an end. */
static void
test_nothing_behind_a_close (Fixture      *fixture,
                             gconstpointer data)
{
  gsize len;

  duplex_pump_close (fixture->pump, 1001, NULL);
  duplex_pump_close (fixture->pump, 1011, "again");
  len = fixture->client->output->len;
  g_assert_cmpuint (len, ==, 4);
  receive (fixture->backend, hello, sizeof hello);
  receive (fixture->backend, close_1000, sizeof close_1000);
  g_assert_cmpuint (fixture->client->output->len, ==, len);
  /* The answer to our Close is none of it. */
  g_assert_cmpuint (fixture->stats.n_late[DUPLEX_ROLE_SERVER], ==, sizeof hello);
  receive (fixture->backend, hello, sizeof hello);
  g_assert_cmpuint (fixture->stats.n_late[DUPLEX_ROLE_SERVER], ==, 2 * sizeof hello);
}

int
main (int    argc,
      char **argv)
{
  static const struct
  {
    const char *path;
    void (*func) (Fixture *, gconstpointer);
  } tests[] = {
    { "/io/pump/forwards", test_forwards },
    { "/io/pump/pushes-back", test_pushes_back },
    { "/io/pump/drains-before-close", test_drains_before_close },
    { "/io/pump/closes-in-order", test_closes_in_order },
    { "/io/pump/nothing-behind-a-close", test_nothing_behind_a_close },
  };

  g_test_init (&argc, &argv, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].path, Fixture, NULL, set_up, tests[i].func, tear_down);

  return g_test_run ();
}
